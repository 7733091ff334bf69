# The revision is read at configure time; an exported tree without git says so.
execute_process(COMMAND git rev-parse --short=12 HEAD WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
  OUTPUT_VARIABLE DROVER_REVISION OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT DROVER_REVISION)
  set(DROVER_REVISION "unknown")
endif()
configure_file(${PROJECT_SOURCE_DIR}/core/base/version.cc.in ${CMAKE_BINARY_DIR}/generated/version.cc @ONLY)
