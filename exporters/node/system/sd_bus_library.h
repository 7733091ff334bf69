// The functions of libsystemd.so.0 that we use, found by name at run time; their types are those of
// the header they are compiled with.
#pragma once

#include <memory>

#include <systemd/sd-bus.h>

#include "core/base/result.h"

namespace drover::exporters::node {

// Thread-safe once loaded. The library stays loaded for the life of the process.
struct SdBusLibrary {
  decltype(&sd_bus_open_system) open_system = nullptr;
  decltype(&sd_bus_new) new_bus = nullptr;
  decltype(&sd_bus_set_address) set_address = nullptr;
  decltype(&sd_bus_start) start = nullptr;
  decltype(&sd_bus_is_ready) is_ready = nullptr;
  decltype(&sd_bus_process) process = nullptr;
  decltype(&sd_bus_wait) wait = nullptr;
  decltype(&sd_bus_close_unref) close_unref = nullptr;
  decltype(&sd_bus_call) call = nullptr;
  decltype(&sd_bus_error_free) error_free = nullptr;
  decltype(&sd_bus_message_new_method_call) new_method_call = nullptr;
  decltype(&sd_bus_message_append_basic) append_basic = nullptr;
  decltype(&sd_bus_message_unref) unref = nullptr;
  decltype(&sd_bus_message_read_basic) read_basic = nullptr;
  decltype(&sd_bus_message_enter_container) enter_container = nullptr;
  decltype(&sd_bus_message_exit_container) exit_container = nullptr;
  decltype(&sd_bus_message_peek_type) peek_type = nullptr;

  // kUnsupported when the library or one of the functions is not there.
  static Result<SdBusLibrary> Load();
};

}  // namespace drover::exporters::node
