// Any bytes as each configuration file and rule file: no crash, and every refusal names the file.
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "agent/config/agent_config.h"
#include "receiver/alerting/config/config.h"
#include "receiver/config/receiver_config.h"
#include "receiver/rules/rule_file.h"

namespace {

template <typename T>
void RefusalsNameTheFile(const drover::Result<T>& loaded) {
  if (!loaded) assert(loaded.error().message().find("f.yml") != std::string::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace drover;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  RefusalsNameTheFile(agent::ParseAgentConfig(text, "f.yml"));
  RefusalsNameTheFile(receiver::ParseReceiverConfig(text, "f.yml"));
  RefusalsNameTheFile(alerting::ParseConfig(text, "f.yml"));
  RefusalsNameTheFile(rules::ParseRuleFile(text, "f.yml", {}));
  return 0;
}
