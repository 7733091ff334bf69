#include "exporters/common/runner.h"

#include <stdexcept>
#include <thread>

#include <doctest/doctest.h>

#include "core/base/mutex.h"
#include "exporters/common/text_page.h"

namespace drover::exporters {
namespace {

constexpr MetricDesc kValue{"value", "", MetricType::kGauge, "of"};
constexpr MetricDesc kSuccess{"success", "", MetricType::kGauge, "collector"};
constexpr MetricDesc kDropped{"dropped", "", MetricType::kCounter, "collector"};
constexpr MetricDesc kAge{"age", "", MetricType::kGauge, "collector"};
constexpr MetricDesc kDuration{"duration", "", MetricType::kGauge, "collector"};

class Lambda final : public Collector {
 public:
  explicit Lambda(std::function<Status(MetricSink&)> work) : work_(std::move(work)) {}
  Status Collect(MetricSink& out) override { return work_(out); }

 private:
  std::function<Status(MetricSink&)> work_;
};

// Holds threads until opened. Shared: a thread may wait in it after the test's end.
struct Gate {
  Mutex mutex;
  CondVar changed;
  bool open GUARDED_BY(mutex) = false;
  int came GUARDED_BY(mutex) = 0;
  int passed GUARDED_BY(mutex) = 0;

  void Pass() {
    Lock lock(mutex);
    ++came;
    changed.NotifyAll();
    changed.Wait(mutex, [&] { return open; });
    ++passed;
    changed.NotifyAll();
  }
  void Open() {
    Lock lock(mutex);
    open = true;
    changed.NotifyAll();
  }
};

class LineSink final : public LogSink {
 public:
  void Write(std::string_view line) override {
    Lock lock(mutex_);
    lines_ += line;
  }
  std::size_t Count(std::string_view what) const {
    Lock lock(mutex_);
    std::size_t count = 0;
    for (auto at = lines_.find(what); at != std::string::npos; at = lines_.find(what, at + 1))
      ++count;
    return count;
  }

 private:
  mutable Mutex mutex_;
  std::string lines_ GUARDED_BY(mutex_);
};

struct Fixture {
  LineSink lines;
  std::unique_ptr<Clock> clock = MakeSystemClock();
  Logger log{lines, *clock, LogLevel::kDebug};
  std::vector<Runner::Entry> entries;
  RunnerConfig config{
      .timeout = Millis(50), .success = &kSuccess, .duration = &kDuration, .dropped = &kDropped};

  void Add(std::string name, std::function<Status(MetricSink&)> work) {
    entries.push_back({std::move(name), std::make_unique<Lambda>(std::move(work))});
  }
  std::unique_ptr<Runner> Make() {
    return std::make_unique<Runner>(std::move(entries), config, *clock, log);
  }
};

std::string PageOf(Runner& runner) {
  TextPage page;
  runner.RunAll(page);
  std::string text;
  page.Render(text);
  std::string kept;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n') + 1);
    rest.remove_prefix(line.size());
    if (!line.starts_with("#") && !line.starts_with("duration")) kept += line;
  }
  return kept;
}

}  // namespace

TEST_SUITE("exporters/common/runner") {
  TEST_CASE("samples before an error are kept, an exception is a failure, others go on") {
    Fixture f;
    f.Add("a", [](MetricSink& out) -> Status {
      out.Add(kValue, {"a"}, 1);
      return Fail(ErrorCode::kInvalid, "half");
    });
    f.Add("b", [](MetricSink&) -> Status { throw std::runtime_error("x"); });
    f.Add("c", [](MetricSink& out) -> Status {
      out.Add(kValue, {"c"}, 2);
      return {};
    });
    const auto runner = f.Make();
    const std::string want =
        "success{collector=\"a\"} 0\nsuccess{collector=\"b\"} 0\nsuccess{collector=\"c\"} 1\n"
        "value{of=\"a\"} 1\nvalue{of=\"c\"} 2\n";
    CHECK(PageOf(*runner) == want);
    CHECK(PageOf(*runner) == want);
    CHECK(f.lines.Count("collector failed") == 2);  // once per change, not per page
  }
  TEST_CASE("a hanging collector costs one deadline once, and comes back when it returns") {
    Fixture f;
    const auto gate = std::make_shared<Gate>();
    f.Add("a", [](MetricSink& out) -> Status { return out.Add(kValue, {"a"}, 1), Status(); });
    f.Add("hangs", [gate](MetricSink& out) -> Status {
      gate->Pass();
      out.Add(kValue, {"hangs"}, 1);
      return {};
    });
    f.Add("z", [](MetricSink& out) -> Status { return out.Add(kValue, {"z"}, 1), Status(); });
    const auto runner = f.Make();
    const std::string want =
        "success{collector=\"a\"} 1\nsuccess{collector=\"hangs\"} 0\nsuccess{collector=\"z\"} 1\n"
        "value{of=\"a\"} 1\nvalue{of=\"z\"} 1\n";
    CHECK(PageOf(*runner) == want);
    CHECK(runner->stuck() == 1);
    for (int i = 0; i < 3; ++i) CHECK(PageOf(*runner) == want);
    CHECK(f.lines.Count("did not answer within 50ms") == 1);
    CHECK(f.lines.Count("hangs since an earlier collection") == 1);
    gate->Open();
    for (int i = 0; i < 500 && runner->stuck() > 0; ++i)
      std::this_thread::sleep_for(Millis(10));  // its thread ends by itself
    CHECK(PageOf(*runner) ==
          "success{collector=\"a\"} 1\nsuccess{collector=\"hangs\"} 1\nsuccess{collector=\"z\"} 1\n"
          "value{of=\"a\"} 1\nvalue{of=\"hangs\"} 1\nvalue{of=\"z\"} 1\n");
    CHECK(f.lines.Count("collector works again") == 1);
  }
  TEST_CASE("a collector may have a deadline of its own") {
    Fixture f;
    const auto gate = std::make_shared<Gate>();
    f.config.timeout = Millis(60'000);
    f.Add("hangs", [gate](MetricSink&) -> Status { return gate->Pass(), Status(); });
    f.entries.back().timeout = Millis(30);
    f.Add("z", [](MetricSink& out) -> Status { return out.Add(kValue, {"z"}, 1), Status(); });
    const auto runner = f.Make();
    CHECK(PageOf(*runner) ==
          "success{collector=\"hangs\"} 0\nsuccess{collector=\"z\"} 1\nvalue{of=\"z\"} 1\n");
    CHECK(f.lines.Count("did not answer within 30ms") == 1);
    gate->Open();
    Lock lock(gate->mutex);
    gate->changed.Wait(gate->mutex, [&] { return gate->passed == 1; });
  }
  TEST_CASE("with an interval the last values are given again, a failure is not kept") {
    Fixture f;
    f.config.age = &kAge;
    const auto runs = std::make_shared<int>(0);
    f.Add("slow", [runs](MetricSink& out) -> Status {
      if (++*runs == 1) return Fail(ErrorCode::kInvalid, "not yet");
      return out.Add(kValue, {"slow"}, *runs), Status();
    });
    f.entries.back().interval = Millis(3'600'000);
    const auto runner = f.Make();
    CHECK(PageOf(*runner).find("success{collector=\"slow\"} 0\n") != std::string::npos);
    for (int i = 0; i < 3; ++i) {
      const std::string page = PageOf(*runner);
      CHECK(page.find("value{of=\"slow\"} 2\n") != std::string::npos);
      CHECK(page.find("success{collector=\"slow\"} 1\n") != std::string::npos);
      CHECK(page.find("age{collector=\"slow\"} ") != std::string::npos);
    }
    CHECK(*runs == 2);
  }
  TEST_CASE("series over the cap are dropped and counted, the collector's success is 0") {
    Fixture f;
    f.config.max_series = 2;
    f.Add("many", [](MetricSink& out) -> Status {
      for (const char* of : {"1", "2", "3", "4", "5"}) out.Add(kValue, {of}, 1);
      return {};
    });
    const auto runner = f.Make();
    CHECK(PageOf(*runner) ==
          "dropped{collector=\"many\"} 3\nsuccess{collector=\"many\"} 0\nvalue{of=\"1\"} "
          "1\nvalue{of=\"2\"} 1\n");
    CHECK(PageOf(*runner).starts_with("dropped{collector=\"many\"} 6\n"));
    CHECK(f.lines.Count("collector failed") == 1);
  }
  TEST_CASE("Cancel ends a run that waits, and later runs") {
    Fixture f;
    const auto gate = std::make_shared<Gate>();
    f.config.timeout = Millis(600'000);
    f.Add("a", [](MetricSink& out) -> Status { return out.Add(kValue, {"a"}, 1), Status(); });
    f.Add("hangs", [gate](MetricSink&) -> Status { return gate->Pass(), Status(); });
    f.Add("z", [](MetricSink& out) -> Status { return out.Add(kValue, {"z"}, 1), Status(); });
    auto runner = f.Make();
    std::string page;
    std::thread run([&] { page = PageOf(*runner); });
    {
      Lock lock(gate->mutex);
      gate->changed.Wait(gate->mutex, [&] { return gate->came == 1; });
    }
    runner->Cancel();
    run.join();
    CHECK(page == "success{collector=\"a\"} 1\nvalue{of=\"a\"} 1\n");
    TextPage later;
    CHECK_FALSE(runner->RunAll(later));
    runner.reset();
    gate->Open();
    Lock lock(gate->mutex);
    gate->changed.Wait(gate->mutex, [&] { return gate->passed == 1; });
  }
  TEST_CASE("the number of stuck threads is bounded, and the runner ends without them") {
    Fixture f;
    const auto gate = std::make_shared<Gate>();
    f.config.max_stuck_threads = 1;
    f.config.timeout = Millis(20);
    for (const char* name : {"h1", "h2", "h3"}) {
      f.Add(name, [gate](MetricSink&) -> Status { return gate->Pass(), Status(); });
    }
    auto runner = f.Make();
    const std::string page = PageOf(*runner);
    CHECK(
        page ==
        "success{collector=\"h1\"} 0\nsuccess{collector=\"h2\"} 0\nsuccess{collector=\"h3\"} 0\n");
    CHECK(runner->stuck() == 2);
    CHECK(f.lines.Count("too many collectors hang") == 1);
    runner.reset();
    gate->Open();
    Lock lock(gate->mutex);
    gate->changed.Wait(gate->mutex, [&] { return gate->passed == 2; });
  }
}
}  // namespace drover::exporters
