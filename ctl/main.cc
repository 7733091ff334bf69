#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "core/base/crash.h"
#include "core/base/version.h"
#include "core/http/client/curl_client.h"
#include "ctl/command.h"

namespace {

// Of all commands, or of those that start with `word`; "" when there are none.
std::string Lines(std::string_view word = {}) {
  std::string out;
  for (const drover::ctl::Command& command : drover::ctl::Commands()) {
    if (!word.empty() && command.name.substr(0, command.name.find(' ')) != word) continue;
    std::string head = "  " + std::string(command.name) + " " + std::string(command.arguments);
    head.resize(std::max<std::size_t>(head.size() + 2, 38), ' ');
    out += head + std::string(command.help) + "\n";
  }
  return out;
}

std::string Usage() {
  return "droverctl: checks files, asks a receiver, silences alerts.\n\n"
         "usage: droverctl COMMAND [--flags] [arguments]     (droverctl COMMAND --help says "
         "more)\n\n" +
         Lines();
}

int Columns() {
  winsize size{};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace drover;
  InstallCrashHandler("droverctl");
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.empty() || words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
    std::cout << Usage();
    return words.empty() ? 2 : 0;
  }
  if (words[0] == "--version") {
    std::cout << VersionText("droverctl");
    return 0;
  }
  const auto clock = MakeSystemClock();
  http::CurlLoop loop("droverctl/" + std::string(Version()));
  const auto client = loop.MakeClient({});
  const ctl::Context context{[](std::string_view text) { std::cout << text << std::flush; },
                             [](std::string_view text) { std::cerr << text << std::flush; },
                             *client,
                             *clock,
                             ::isatty(STDOUT_FILENO) == 1,
                             Columns()};
  for (const ctl::Command& command : ctl::Commands()) {
    const std::size_t count = command.name.find(' ') == std::string_view::npos ? 1 : 2;
    if (words.size() < count || command.name != (count == 1 ? words[0] : words[0] + " " + words[1]))
      continue;
    return command.run(context, {words.begin() + static_cast<std::ptrdiff_t>(count), words.end()});
  }
  if (const std::string related = Lines(words[0]); !related.empty()) {
    const bool asked = words.size() == 1 || words[1] == "--help" || words[1] == "-h";
    (asked ? std::cout : std::cerr) << "droverctl " << words[0] << " takes one of:\n\n" << related;
    return asked && words.size() > 1 ? 0 : 2;
  }
  std::cerr << "droverctl: unknown command \"" << words[0]
            << (words.size() > 1 ? " " + words[1] : "") << "\"\n\n"
            << Usage();
  return 2;
}
