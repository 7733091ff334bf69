#include "agent/pages/targets_page.h"

#include <doctest/doctest.h>

#include "tests/support/fake_clock.h"

namespace drover::agent::pages {
namespace {

using namespace std::chrono_literals;

std::string Targets(const View& view) {
  testing::FakeClock clock;
  http::Router router;
  AddPages(
      router, [&] { return view; }, clock);
  http::Request request;
  request.method = "GET";
  request.path = "/targets";
  return router.Serve(request).body;
}

// The cells of the row that has `text`, without tags, each behind a |.
std::string Row(const std::string& page, const std::string& text) {
  const auto at = page.find(text);
  if (at == std::string::npos) return "";
  const auto begin = page.rfind("<tr>", at);
  std::string out;
  bool tag = false;
  for (const char c : page.substr(begin, page.find("</tr>", at) - begin)) {
    if (c == '<') {
      tag = true;
    } else if (c == '>') {
      tag = false;
      if (!out.ends_with('|')) out += '|';
    } else if (!tag) {
      out += c;
    }
  }
  return out;
}

TEST_SUITE("agent/pages/targets_page") {
  TEST_CASE("collectors: what fails is not what this host does not have, and says why") {
    View view;
    view.collectors = {{"cpu", true, false, 0.001, 77},
                       {"nfs", false, false, 2, 0, "rpc/nfs: <bad> line"},
                       {"wifi", false, true, 0, 0, "no such interface"}};
    const std::string page = Targets(view);
    CHECK(Row(page, ">cpu<").starts_with("|ok|cpu|1 ms|77|"));
    CHECK(Row(page, ">nfs<") == "|failed|nfs|2 s|0|rpc/nfs: &lt;bad&gt; line|");
    CHECK(Row(page, ">wifi<").starts_with("|not available here|wifi|"));
  }

  TEST_CASE("targets and what is built in tell samples, series and how often") {
    View view;
    scrape::TargetStatus target;
    target.spec.url = "http://a:1/metrics";
    target.samples = 31;
    target.series = 29;
    target.interval = 15s;
    target.timeout = 7s;
    view.targets = {target};
    builtin::BuiltinStatus builtin;
    builtin.job = "node-exporter";
    builtin.samples = 41;
    builtin.series = 37;
    builtin.interval = 30s;
    view.builtins = {builtin};
    const std::string page = Targets(view);
    CHECK(Row(page, "http://a:1/metrics").ends_with("|31|29|15s|7s|"));
    CHECK(Row(page, ">node-exporter<").ends_with("|41|37|30s|"));
  }
}

}  // namespace
}  // namespace drover::agent::pages
