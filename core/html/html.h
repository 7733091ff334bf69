// What all pages share: escaping, the frame with navigation and style, tables. Pages are whole without
// JavaScript, narrow enough for a phone, and load nothing from anywhere.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/clock.h"

namespace drover::html {

std::string Escape(std::string_view text);  // for element text and quoted attributes

struct Frame {
  std::string title;
  std::string program;                                        // "drover-receiver"
  std::vector<std::pair<std::string, std::string>> links;     // path, text
  std::string current;                                        // path of this page
  std::string notice;                                         // a red line on top: a failed reload; "" is none
  int refresh_seconds = 0;                                    // reload by <meta>; 0 is never
};
// The whole document; `body` is HTML.
std::string Page(const Frame& frame, std::string_view body);

// <span class="good|bad|warn|dim">text</span>
std::string Badge(std::string_view kind, std::string_view text);

// "3.2s", "5m 10s", "2h 3m", "4d 1h": for people.
std::string Ago(Millis d);
// "1.5 GiB", "12.3 k" and the like: at most four characters and a unit.
std::string ShortNumber(double v);

}  // namespace drover::html
