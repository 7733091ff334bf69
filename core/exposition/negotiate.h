// What form of page a scraper asks for by its Accept header (RFC 9110, 12.5.1).
#pragma once

#include <string>
#include <string_view>

namespace drover::exposition {

// OpenMetrics only when it is named and weighs more than text, or as much and stands before it; the
// text format 0.0.4 for everything else (a scraper that wants protobuf takes it too).
// escaping=allow-utf-8 is granted where the chosen item has it.
struct PageForm {
  bool is_openmetrics = false;
  bool allows_utf8 = false;
  std::string_view version = "0.0.4";  // of OpenMetrics: 1.0.0, or 0.0.1 for who asks for that
};
PageForm ChoosePageForm(std::string_view accept);

std::string ContentType(const PageForm& form);

}  // namespace drover::exposition
