#include "agent/forward/forwarder.h"

#include <chrono>

#include "core/compression/snappy.h"
#include "core/wire/remote_write.h"
#include "tests/agent/forward/queue_fixture.h"
#include "tests/support/fake_http_client.h"

namespace drover::agent::forward {
namespace {

using testing::FakePeer;
using namespace std::chrono_literals;

// What a request carried: "series value@time" and "family: type".
struct Decoded final : wire::WriteVisitor {
  std::vector<std::string> lines;
  void OnSeries(std::string_view label_bytes, std::span<const Sample> samples) override {
    std::vector<LabelView> labels;
    REQUIRE(wire::DecodeLabels(label_bytes, 100, labels));
    for (const Sample& sample : samples) {
      lines.push_back(Labels(labels).ToMetricString() + " " +
                      std::to_string(static_cast<int>(sample.value)) + "@" +
                      std::to_string(sample.t_ms));
    }
  }
  void OnMetadata(const wire::MetadataView& m) override {
    lines.push_back(std::string(m.family) + ": " + std::string(Text(m.type)) + " " +
                    std::string(m.help));
  }
};

std::vector<std::string> Decode(const std::string& body) {
  std::string plain;
  REQUIRE(compression::SnappyUncompress(body, 1 << 20, plain));
  Decoded out;
  REQUIRE(wire::DecodeWriteRequest(plain, {}, out).has_value());
  return out.lines;
}

RelabelConfigs Relabelling(const std::string& yaml) {
  RelabelConfigs out;
  const auto node = ParseYaml(yaml, "test");
  REQUIRE(node.has_value());
  REQUIRE(FromYaml(*node, out));
  return out;
}

struct ForwarderFixture {
  testing::FaultyFileSystem fs;
  testing::FakeClock clock;
  testing::MemoryLog sink;
  Logger log{sink, clock};
  Registry registry;
  std::map<std::string, std::string> external;
  std::vector<RemoteWriteConfig> configs;
  std::vector<std::unique_ptr<FakePeer>> peers;

  RemoteWriteConfig& Add(const std::string& name) {
    RemoteWriteConfig& config = configs.emplace_back();
    config.name = name;
    config.url = "http://" + name + "/write";
    return config;
  }
  std::unique_ptr<Forwarder> Make(std::uint32_t generation = 1) {
    std::vector<std::unique_ptr<Endpoint>> endpoints;
    for (const RemoteWriteConfig& config : configs) {
      peers.push_back(std::make_unique<FakePeer>());
      peers.back()->Always([](const http::ClientRequest&) { return FakePeer::Status(200); });
      auto queue = Queue::Open(fs, "queue/" + config.name, {}, clock, log);
      REQUIRE(queue.has_value());
      endpoints.push_back(std::make_unique<Endpoint>(
          config, std::move(*queue), peers.back()->MakeClient(), clock, registry, log));
    }
    return std::make_unique<Forwarder>(external, std::move(endpoints), clock, registry, generation);
  }
  double Series() const {
    for (const OwnFamily& family : registry.Collect()) {
      if (family.name == "drover_forward_series") return family.samples.front().value;
    }
    return -1;
  }
};

TEST_SUITE("agent/forward/forwarder") {
  TEST_CASE("external labels are added where absent") {
    ForwarderFixture f;
    f.external = {{"cluster", "one"}, {"job", "never"}};
    f.Add("a");
    const auto forwarder = f.Make();
    auto out = forwarder->NewAppender();
    REQUIRE(out->Append(0, {{"__name__", "m"}, {"job", "x"}}, 5, 1).has_value());
    REQUIRE(out->Commit());
    REQUIRE(f.peers[0]->WaitForRequests(1));
    CHECK(Decode(f.peers[0]->seen()[0].body) ==
          std::vector<std::string>{R"(m{cluster="one", job="x"} 1@5)"});
  }

  TEST_CASE("nothing goes out before Commit, nothing at all after Rollback") {
    ForwarderFixture f;
    f.Add("a");
    const auto forwarder = f.Make();
    auto out = forwarder->NewAppender();
    REQUIRE(out->Append(0, {{"__name__", "gone"}}, 5, 1).has_value());
    out->Rollback();
    REQUIRE(out->Append(0, {{"__name__", "kept"}}, 6, 2).has_value());
    CHECK(f.peers[0]->seen().empty());
    REQUIRE(out->Commit());
    REQUIRE(f.peers[0]->WaitForRequests(1));
    CHECK(Decode(f.peers[0]->seen()[0].body) == std::vector<std::string>{"kept 2@6"});
  }

  TEST_CASE("each endpoint has its own write_relabel_configs, after external labels") {
    ForwarderFixture f;
    f.external = {{"cluster", "one"}};
    f.Add("all");
    f.Add("some").write_relabel_configs = Relabelling(
        "- {source_labels: [__name__], regex: secret.*, action: drop}\n"
        "- {source_labels: [cluster], target_label: where}\n");
    const auto forwarder = f.Make();
    auto out = forwarder->NewAppender();
    REQUIRE(out->Append(0, {{"__name__", "secret_m"}}, 5, 1).has_value());
    REQUIRE(out->Append(0, {{"__name__", "open_m"}}, 5, 2).has_value());
    REQUIRE(out->Commit());
    REQUIRE(f.peers[0]->WaitForRequests(1));
    REQUIRE(f.peers[1]->WaitForRequests(1));
    CHECK(
        Decode(f.peers[0]->seen()[0].body) ==
        std::vector<std::string>{R"(secret_m{cluster="one"} 1@5)", R"(open_m{cluster="one"} 2@5)"});
    CHECK(Decode(f.peers[1]->seen()[0].body) ==
          std::vector<std::string>{R"(open_m{cluster="one", where="one"} 2@5)"});
  }

  TEST_CASE("a series that every endpoint drops costs the others nothing") {
    ForwarderFixture f;
    f.Add("a").write_relabel_configs =
        Relabelling("- {source_labels: [__name__], regex: keep, action: keep}\n");
    const auto forwarder = f.Make();
    auto out = forwarder->NewAppender();
    const auto keep = out->Append(0, {{"__name__", "keep"}}, 5, 1);
    const auto drop = out->Append(0, {{"__name__", "drop"}}, 5, 2);
    REQUIRE(keep.has_value());
    REQUIRE(drop.has_value());
    REQUIRE(out->Append(*keep, {{"__name__", "keep"}}, 6, 3).has_value());
    REQUIRE(out->Append(*drop, {{"__name__", "drop"}}, 6, 4).has_value());
    REQUIRE(out->Commit());
    REQUIRE(f.peers[0]->WaitForRequests(1));
    CHECK(Decode(f.peers[0]->seen()[0].body) == std::vector<std::string>{"keep 1@5", "keep 3@6"});
  }

  TEST_CASE("a commit is split at max_samples_per_send, in order") {
    ForwarderFixture f;
    f.Add("a").queue_config.max_samples_per_send = 3;
    const auto forwarder = f.Make();
    auto out = forwarder->NewAppender();
    for (int i = 0; i < 8; ++i) {
      REQUIRE(out->Append(0, {{"__name__", "m"}, {"i", std::to_string(i)}}, 5, i).has_value());
    }
    REQUIRE(out->Commit());
    REQUIRE(f.peers[0]->WaitForRequests(3));
    const auto seen = f.peers[0]->seen();
    CHECK(Decode(seen[0].body).size() == 3);
    CHECK(Decode(seen[1].body).front() == R"(m{i="3"} 3@5)");
    CHECK(Decode(seen[2].body).size() == 2);
  }

  TEST_CASE("a second sample of a series at the same time is left out") {
    ForwarderFixture f;
    f.Add("a");
    const auto forwarder = f.Make();
    const Labels m{{"__name__", "m"}};
    auto out = forwarder->NewAppender();
    REQUIRE(out->Append(0, m, 5, 1).has_value());
    REQUIRE(out->Append(0, m, 5, 2).has_value());
    REQUIRE(out->Commit());
    REQUIRE(out->Append(0, m, 5, 3).has_value());
    REQUIRE(out->Append(0, m, 6, 4).has_value());
    REQUIRE(out->Commit());
    REQUIRE(f.peers[0]->WaitForRequests(2));
    CHECK(Decode(f.peers[0]->seen()[0].body) == std::vector<std::string>{"m 1@5"});
    CHECK(Decode(f.peers[0]->seen()[1].body) == std::vector<std::string>{"m 4@6"});
  }

  TEST_CASE("metadata goes out once known and then every send_interval") {
    ForwarderFixture f;
    f.Add("a");
    f.Add("without").metadata_config.send = false;
    const auto forwarder = f.Make();
    auto out = forwarder->NewAppender();
    REQUIRE(out->AppendMetadata({"m_total", MetricType::kCounter, "Help.", ""}));
    REQUIRE(out->Commit());
    forwarder->Maintain();
    REQUIRE(f.peers[0]->WaitForRequests(1));
    CHECK(Decode(f.peers[0]->seen()[0].body) == std::vector<std::string>{"m_total: counter Help."});
    f.clock.Advance(59s);
    forwarder->Maintain();
    f.clock.Advance(1s);
    forwarder->Maintain();
    REQUIRE(f.peers[0]->WaitForRequests(2));
    std::this_thread::sleep_for(10ms);
    CHECK(f.peers[0]->seen().size() == 2);
    CHECK(f.peers[1]->seen().empty());
  }

  TEST_CASE("a series nobody appends to for an hour is forgotten; its number is not mistaken") {
    ForwarderFixture f;
    f.Add("a");
    const auto forwarder = f.Make();
    auto out = forwarder->NewAppender();
    const Labels old_one{{"__name__", "old"}};
    const auto old_ref = out->Append(0, old_one, 5, 1);
    REQUIRE(out->Commit());
    f.clock.Advance(59min);
    forwarder->Maintain();
    CHECK(f.Series() == 1);
    f.clock.Advance(6min);
    forwarder->Maintain();
    CHECK(f.Series() == 0);
    const auto new_ref = out->Append(0, {{"__name__", "new"}}, 6, 2);
    REQUIRE(new_ref.has_value());
    CHECK(*new_ref != *old_ref);
    const auto again = out->Append(*old_ref, old_one, 7, 3);
    REQUIRE(again.has_value());
    REQUIRE(out->Commit());
    REQUIRE(f.peers[0]->WaitForRequests(2));
    CHECK(Decode(f.peers[0]->seen()[1].body) == std::vector<std::string>{"new 2@6", "old 3@7"});
  }

  TEST_CASE("numbers of an earlier forwarder are seen through") {
    ForwarderFixture f;
    f.Add("a");
    SeriesRef ref = 0;
    {
      const auto first = f.Make(1);
      ref = *first->NewAppender()->Append(0, {{"__name__", "m"}}, 1, 1);
    }
    const auto second = f.Make(2);
    auto out = second->NewAppender();
    REQUIRE(out->Append(0, {{"__name__", "other"}}, 2, 2).has_value());
    REQUIRE(out->Append(ref, {{"__name__", "m"}}, 2, 3).has_value());
    REQUIRE(out->Commit());
    REQUIRE(f.peers[1]->WaitForRequests(1));
    CHECK(Decode(f.peers[1]->seen()[0].body) == std::vector<std::string>{"other 2@2", "m 3@2"});
  }

  TEST_CASE("a full disk is the answer of Commit, and the samples are counted") {
    ForwarderFixture f;
    f.Add("a");
    const auto forwarder = f.Make();
    f.fs.SetCapacity(0);
    auto out = forwarder->NewAppender();
    REQUIRE(out->Append(0, {{"__name__", "m"}}, 1, 1).has_value());
    const Status status = out->Commit();
    REQUIRE_FALSE(status.has_value());
    CHECK(status.error().code() == ErrorCode::kExhausted);
    CHECK(forwarder->status()[0].queue.dropped_samples.at("disk_full") == 1);
  }
}

}  // namespace
}  // namespace drover::agent::forward
