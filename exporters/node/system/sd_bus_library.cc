#include "exporters/node/system/sd_bus_library.h"

#include <dlfcn.h>

#include <string>

namespace drover::exporters::node {

Result<SdBusLibrary> SdBusLibrary::Load() {
  void* const library = ::dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return Fail(ErrorCode::kUnsupported, "libsystemd.so.0 is not here");
  SdBusLibrary found;
  std::string missing;
  const auto find = [&](auto& function, const char* name) {
    function =
        reinterpret_cast<std::remove_reference_t<decltype(function)>>(::dlsym(library, name));
    if (function == nullptr) missing = name;
  };
  find(found.open_system, "sd_bus_open_system");
  find(found.new_bus, "sd_bus_new");
  find(found.set_address, "sd_bus_set_address");
  find(found.start, "sd_bus_start");
  find(found.is_ready, "sd_bus_is_ready");
  find(found.process, "sd_bus_process");
  find(found.wait, "sd_bus_wait");
  find(found.close_unref, "sd_bus_close_unref");
  find(found.call, "sd_bus_call");
  find(found.error_free, "sd_bus_error_free");
  find(found.new_method_call, "sd_bus_message_new_method_call");
  find(found.append_basic, "sd_bus_message_append_basic");
  find(found.unref, "sd_bus_message_unref");
  find(found.read_basic, "sd_bus_message_read_basic");
  find(found.enter_container, "sd_bus_message_enter_container");
  find(found.exit_container, "sd_bus_message_exit_container");
  find(found.peek_type, "sd_bus_message_peek_type");
  if (!missing.empty()) return Fail(ErrorCode::kUnsupported, "libsystemd.so.0 lacks " + missing);
  return found;
}

}  // namespace drover::exporters::node
