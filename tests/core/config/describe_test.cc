#include "core/config/describe.h"

#include <doctest/doctest.h>

namespace drover {
namespace {
struct Inner {
  std::int64_t capacity = 10'000;
  Millis deadline{5000};
};
template <typename Visitor>
void Describe(Inner& c, Visitor& v) {
  v.Field("capacity", c.capacity, "samples", "Samples gathered.");
  v.Field("deadline", c.deadline, "duration", "Longest wait.");
}
struct Outer {
  std::string url;
  Secret password;
  bool on = true;
  ByteSize limit{1 << 20};
  Inner queue;
  std::vector<Inner> list;
  std::map<std::string, std::string> labels;
  std::optional<Inner> maybe;
};
template <typename Visitor>
void Describe(Outer& c, Visitor& v) {
  v.Field("url", c.url, "url", "Where to.");
  v.Field("password", c.password, "secret", "Password.");
  v.Field("enabled", c.on, "bool", "Whether.");
  v.Field("limit", c.limit, "size", "How much.");
  v.Field("queue", c.queue, "", "The queue.");
  v.Field("list", c.list, "", "Several.");
  v.Field("labels", c.labels, "", "Labels.");
  v.Field("maybe", c.maybe, "", "Perhaps.");
  v.NoEffect("shards", "one is enough");
  v.NotBuilt("sigv4");
}
Result<Outer> Load(std::string_view text) {
  DROVER_TRY(const YamlNode node, ParseYaml(text, "f"));
  Outer out;
  DROVER_CHECK(ReadFields(node, out));
  return out;
}
}  // namespace
TEST_SUITE("core/config/describe") {
  TEST_CASE("fields are read, defaults stay") {
    const auto c = Load(
        "url: http://x\npassword: p\nlimit: 2MB\nqueue: {deadline: 1m}\nlist: [{capacity: "
        "7}]\nlabels: {a: b}\nmaybe:\n");
    REQUIRE(c.has_value());
    CHECK(c->url == "http://x");
    CHECK(c->password.Reveal() == "p");
    CHECK(c->limit.bytes == 2 << 20);
    CHECK(c->queue.capacity == 10'000);
    CHECK(c->queue.deadline == Millis(60'000));
    CHECK(c->list.at(0).capacity == 7);
    CHECK(c->labels.at("a") == "b");
    CHECK_FALSE(c->maybe.has_value());
  }
  TEST_CASE("every mistake has its place") {
    struct Case {
      const char* text;
      const char* error;
    };
    const Case cases[] = {
        {"ulr: x\n", "f:1:1: unknown key \"ulr\", did you mean \"url\"?"},
        {"queue:\n  deadline: 5\n",
         "f:2:13: not a valid duration string: \"5\" (units y w d h m s ms, from large to small, "
         "each once), write it like 15s or 1h30m"},
        {"queue: 3\n", "f:1:8: expected a map of keys"},
        {"enabled: maybe\n", "f:1:10: expected true or false, found \"maybe\""},
        {"queue: {capacity: x}\n", "f:1:19: expected a whole number, found \"x\""},
        {"list: {}\n", "f:1:7: expected a list"},
    };
    for (const Case& c : cases) {
      const auto loaded = Load(c.text);
      REQUIRE_FALSE(loaded.has_value());
      CHECK(loaded.error().message() == c.error);
    }
  }
  TEST_CASE("the effective configuration hides secrets and reads back") {
    Outer c;
    c.url = "http://x";
    c.password = Secret("p");
    c.list.resize(2);
    c.labels["a"] = "true";
    const std::string text = WriteFields(c);
    CHECK(text ==
          "url: http://x\npassword: <secret>\nenabled: true\nlimit: 1MiB\nqueue:\n  capacity: "
          "10000\n  deadline: 5s\n"
          "list:\n  - capacity: 10000\n    deadline: 5s\n  - capacity: 10000\n    deadline: "
          "5s\nlabels:\n  a: \"true\"\n");
    CHECK(Load(text).has_value());
  }
  TEST_CASE("keys without effect warn, keys that are not built refuse") {
    Outer out;
    std::vector<std::string> warnings;
    REQUIRE(ReadFields(ParseYaml("url: x\nshards: 3\n", "f").value(), out, &warnings));
    CHECK(warnings == std::vector<std::string>{"f:2:9: shards has no effect: one is enough"});
    CHECK(ReadFields(ParseYaml("sigv4: {}\n", "f").value(), out).error().message() ==
          "f:1:8: sigv4 is not built yet");
  }
  TEST_CASE("documentation lists every field") {
    const auto docs = DocumentFields<Outer>();
    REQUIRE(docs.size() == 16);
    CHECK(docs[5].path == "queue.capacity");
    CHECK(docs[5].value == "10000");
    CHECK(docs[8].path == "list[].capacity");
  }
}
}  // namespace drover
