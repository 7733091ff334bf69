#include "pushprox/protocol/registration.h"

#include <doctest/doctest.h>

namespace drover::pushprox {
namespace {

std::string Refused(std::string_view json) {
  const auto parsed = ParseRegistration(json);
  return parsed ? "taken" : parsed.error().message();
}

TEST_SUITE("registration") {
  TEST_CASE("what is written is read again") {
    Registration given;
    given.names = {
        {"node-a",
         {{"node", "node-a"}},
         {{10257, "/metrics", {{"component", "kube-controller-manager"}}}, {2381, "/metrics", {}}}},
        {"printer", {}, {{9116, "/snmp?target=10.0.0.7&module=if_mib", {{"note", "a \"b\" <c>"}}}}},
        {"10.0.0.4", {}, {}}};
    const auto read = ParseRegistration(ToJson(given));
    REQUIRE(read);
    REQUIRE(read->names.size() == 3);
    CHECK(ToJson(*read) == ToJson(given));
    CHECK(read->names[0].targets[0].labels.at("component") == "kube-controller-manager");
    CHECK(read->names[1].targets[0].path == "/snmp?target=10.0.0.7&module=if_mib");
    CHECK(read->names[2].targets.empty());
  }

  TEST_CASE("a path not given is /metrics, unknown keys are passed over") {
    const auto read =
        ParseRegistration(R"({"x":1,"names":[{"name":"a","y":[],"targets":[{"port":1,"z":2}]}]})");
    REQUIRE(read);
    CHECK(read->names[0].targets[0].path == "/metrics");
  }

  TEST_CASE("what is refused says why") {
    CHECK(Refused("{") != "taken");
    CHECK(Refused("[]").find("no names") != std::string::npos);
    CHECK(Refused(R"({"names":[]})").find("no names") != std::string::npos);
    CHECK(Refused(R"({"names":[{"name":"a\r\nb"}]})").find("expected a name") != std::string::npos);
    CHECK(Refused(R"({"names":[{"name":"a"},{"name":"a"}]})").find("twice") != std::string::npos);
    for (const char* target : {R"({})", R"({"port":0})", R"({"port":65536})", R"({"port":1.5})",
                               R"({"port":"80"})", R"({"port":1e300})"}) {
      CHECK(Refused(std::string(R"({"names":[{"name":"a","targets":[)") + target + "]}]}")
                .find("port") != std::string::npos);
    }
    for (const char* path : {"metrics", "", "/a b", "/a\\r\\nX: y"}) {
      CHECK(Refused(std::string(R"({"names":[{"name":"a","targets":[{"port":1,"path":")") + path +
                    "\"}]}]}")
                .find("path") != std::string::npos);
    }
    for (const char* labels : {R"({"__address__":"x"})", R"({"a-b":"x"})", R"({"a":1})", "[]"}) {
      CHECK(Refused(std::string(R"({"names":[{"name":"a","labels":)") + labels + "}]}") != "taken");
    }
  }

  TEST_CASE("its size is bounded") {
    const auto names = [](int count, int targets) {
      Registration many;
      for (int i = 0; i < count; ++i)
        many.names.push_back({"n" + std::to_string(i),
                              {},
                              std::vector<RegisteredTarget>(static_cast<std::size_t>(targets),
                                                            RegisteredTarget{1, "/", {}})});
      return ToJson(many);
    };
    CHECK(Refused(names(64, 4)) == "taken");
    CHECK(Refused(names(65, 0)).find("64 names") != std::string::npos);
    CHECK(Refused(names(1, 257)).find("256 targets") != std::string::npos);
    Registration wide;
    wide.names = {{"n", {{"l", std::string(250, 'x')}}, {}}};
    for (int i = 1; i < 16; ++i)
      wide.names[0].labels["l" + std::to_string(i)] = std::string(250, 'x');
    wide.names[0].targets.resize(30, RegisteredTarget{1, "/", {}});
    CHECK(Refused(ToJson(wide)) == "taken");
    wide.names[0].targets.resize(250, RegisteredTarget{1, "/", {}});
    CHECK(Refused(ToJson(wide)).find("128 KiB") != std::string::npos);
    CHECK(Refused(R"({"names":[{"name":"a"}]})" + std::string(64 << 10, ' ')).find("64 KiB") !=
          std::string::npos);
  }
}

}  // namespace
TEST_SUITE("registration") {
  TEST_CASE("names that a proxy refuses") {
    const auto names = ParseRefusedNames(
        R"({"accepted":["a"],"refused":[{"name":"b","why":"not yours"},{"name":"c d"},{"why":"x"},{"name":"e"}]})");
    CHECK(names == std::map<std::string, std::string>{{"b", "not yours"}, {"e", ""}});
    for (const char* text : {"", "[]", "{}", R"({"refused":1})", R"({"refused":[1,"x",[]]})"})
      CHECK(ParseRefusedNames(text).empty());
  }

  TEST_CASE("the names that a tunnel has") {
    using Names = std::set<std::string>;
    CHECK(ParseAcceptedNames(R"({"accepted":["a","b"],"refused":[]})") == Names{"a", "b"});
    CHECK(ParseAcceptedNames(R"({"accepted":[]})") == Names{});
    CHECK(ParseAcceptedNames(R"({"accepted":7})") == Names{});
    for (const char* text : {"", "{}", "[]", "{\"accepted\":["})
      CHECK_FALSE(ParseAcceptedNames(text).has_value());
  }
}

}  // namespace drover::pushprox
