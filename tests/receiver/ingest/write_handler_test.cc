#include "receiver/ingest/write_handler.h"

#include "core/compression/snappy.h"
#include "receiver/ingest/write_route.h"
#include "tests/receiver/storage/head/head_fixture.h"

namespace drover::ingest {
namespace {

using storage::kNow;

struct Ingest {
  Ingest() {
    REQUIRE(head.Open());
    handler = std::make_unique<WriteHandler>(*head.head, head.clock, *head.registry, options);
  }
  void Restart() {
    handler.reset();
    REQUIRE(head.Open());
    handler = std::make_unique<WriteHandler>(*head.head, head.clock, *head.registry, options);
  }
  void Add(const Labels& labels, std::vector<Sample> samples) {
    std::string bytes;
    wire::EncodeLabels(labels, bytes);
    encoder.AddSeries(bytes, samples);
  }
  WriteAnswer Send(std::string_view type = "application/x-protobuf",
                   std::string_view encoding = "snappy") {
    std::string body;
    compression::SnappyCompress(encoder.body(), body);
    encoder.Clear();
    return handler->Write(body, type, encoding);
  }
  double Value(const std::string& name) { return head.registry->AddCounter(name, "").Value(); }

  storage::HeadFixture head;
  WriteOptions options;
  std::unique_ptr<WriteHandler> handler;
  wire::WriteEncoder encoder;
};

const Labels kUp{{"__name__", "up"}, {"job", "x"}};

TEST_SUITE("receiver/ingest") {
  TEST_CASE("a request is stored, and stored again without an error") {
    Ingest in;
    for (int round = 0; round < 3; ++round) {
      in.Add(kUp, {{kNow - 2, 1}, {kNow - 1, 2}, {kNow, 3}});
      CHECK(in.Send().status == 204);
      const auto content = in.head.Read();
      REQUIRE(content.size() == 1);
      CHECK(content.at(kUp.ToString()).size() == 3);
      if (round == 1) in.Restart();
    }
    CHECK(in.head.head->stats().samples == 3);
  }

  TEST_CASE("labels are sorted and empty ones dropped, whatever the sender's order") {
    Ingest in;
    // {job="x", empty="", __name__="up"}
    const std::string labels = std::string("\x0a\x08\x0a\x03job\x12\x01x") +
                               std::string(
                                   "\x0a\x09\x0a\x05"
                                   "empty\x12\x00",
                                   11) +
                               "\x0a\x0e\x0a\x08__name__\x12\x02up";
    in.encoder.AddSeries(labels, std::vector<Sample>{{kNow, 1}});
    in.Add(kUp, {{kNow + 1, 2}});
    CHECK(in.Send().status == 204);
    const auto content = in.head.Read();
    REQUIRE(content.size() == 1);
    CHECK(content.at(kUp.ToString()).size() == 2);
  }

  TEST_CASE("good samples are kept beside refused ones; one cause for all is a 400") {
    Ingest in;
    in.Add(kUp, {{kNow, 1}});
    CHECK(in.Send().status == 204);
    in.Add(kUp, {{kNow - 5, 1}});
    const WriteAnswer refused = in.Send();
    CHECK(refused.status == 400);
    CHECK(refused.text == "out of order sample\n");
    in.Add(kUp, {{kNow - 5, 1}, {kNow, 7}, {kNow + 1, 8}});
    CHECK(in.Send().status == 204);
    CHECK(in.head.Read().at(kUp.ToString()).size() == 2);
    in.Add(kUp, {{kNow - 5, 1}, {kNow, 7}});  // two causes
    CHECK(in.Send().status == 204);
    in.Add(kUp, {{kNow + 3'600'000, 1}});
    CHECK(in.Send().text == "out of bounds: timestamp is too far in the future\n");
    CHECK(in.Value("drover_ingest_samples_refused_total") == 6);
  }

  TEST_CASE("series with labels that cannot be stored are skipped and counted") {
    Ingest in;
    const std::vector<Sample> one = {{kNow, 1}};
    in.encoder.AddSeries("", one);
    in.Add(Labels{{"job", "no name"}}, one);
    in.Add(Labels{{"__name__", "x"}, {"bad", "\xff\xfe"}}, one);
    in.Add(Labels{{"__name__", "x"}, {std::string(2000, 'n'), "long"}}, one);
    in.encoder.AddSeries(
        "\x0a\x0d\x0a\x08__name__\x12\x01x\x0a\x06\x0a\x01"
        "a\x12\x01"
        "b\x0a\x06\x0a\x01"
        "a\x12\x01"
        "c",
        one);
    in.Add(kUp, one);
    CHECK(in.Send().status == 204);
    CHECK(in.head.Read().size() == 1);
    CHECK(in.Value("prometheus_api_remote_write_invalid_labels_samples_total") == 5);
    in.Add(Labels{{"job", "no name"}}, one);
    CHECK(in.Send().status == 204);
  }

  TEST_CASE("what is no request is answered by its kind, and nothing is stored") {
    Ingest in;
    CHECK(in.handler->Write("not snappy", "", "").status == 400);
    CHECK(in.handler->Write("\xff\xff\xff\xff\x0f", "", "snappy").status == 413);  // a bomb
    std::string body;
    compression::SnappyCompress("\x0a\x7fnot protobuf", body);
    CHECK(in.handler->Write(body, "", "snappy").status == 400);
    in.Add(kUp, {{kNow, 1}});
    CHECK(in.Send("application/json").status == 415);
    in.Add(kUp, {{kNow, 1}});
    const WriteAnswer v2 = in.Send("application/x-protobuf;proto=io.prometheus.write.v2.Request");
    CHECK(v2.status == 415);
    in.Add(kUp, {{kNow, 1}});
    CHECK(in.Send("application/x-protobuf", "gzip").status == 415);
    in.Add(kUp, {{kNow, 1}});
    in.encoder.AddSeries("\x0a\x02\x0a\x7f", std::vector<Sample>{{kNow, 1}});  // broken label
    CHECK(in.Send().status == 400);
    CHECK(in.head.Read().empty());
    in.Add(kUp, {{kNow, 1}});
    CHECK(in.Send("application/x-protobuf;proto=prometheus.WriteRequest", "").status == 204);
  }

  TEST_CASE("limits of a request are 413, a full disk 503, a full head 429") {
    {
      Ingest in;
      in.options.request.max_series = 3;
      in.Restart();
      for (int i = 0; i < 4; ++i) in.Add(Labels{{"__name__", std::to_string(i)}}, {{kNow, 1}});
      CHECK(in.Send().status == 413);
      CHECK(in.head.Read().empty());
      in.options.max_body_bytes = 5;
      in.Restart();
      in.Add(kUp, {{kNow, 1}});
      CHECK(in.Send().status == 413);
    }
    Ingest in;
    in.head.fs.SetCapacity(0);
    in.Add(kUp, {{kNow, 1}});
    CHECK(in.Send().status == 503);
    in.head.fs.SetCapacity(1 << 30);
    in.Add(kUp, {{kNow, 1}});
    CHECK(in.Send().status == 204);
    in.head.options.max_series = 1;
    in.Restart();
    in.Add(Labels{{"__name__", "another"}}, {{kNow, 1}});
    CHECK(in.Send().status == 429);
  }

  TEST_CASE("a series that retention removed is learned again") {
    Ingest in;
    in.Add(kUp, {{kNow, 1}});
    CHECK(in.Send().status == 204);
    in.head.clock.Advance(std::chrono::hours(25));
    in.head.head->DropOld();
    CHECK(in.head.head->stats().series == 0);
    const std::int64_t now = ToMs(in.head.clock.Now());
    in.Add(kUp, {{now, 1}});
    CHECK(in.Send().status == 204);
    CHECK(in.head.Read().size() == 1);
  }

  TEST_CASE("the route answers as the handler does") {
    Ingest in;
    http::Router router;
    AddWriteRoute(router, *in.handler);
    http::Request request;
    request.method = "POST";
    request.path = request.target = "/api/v1/write";
    in.Add(kUp, {{kNow, 1}});
    compression::SnappyCompress(in.encoder.body(), request.body);
    CHECK(router.Serve(request).status == 204);
    in.head.fs.SetCapacity(0);
    in.encoder.Clear();
    in.Add(kUp, {{kNow + 1, 1}});
    compression::SnappyCompress(in.encoder.body(), request.body);
    const auto response = router.Serve(request);
    CHECK(response.status == 503);
    CHECK(response.headers.Get("retry-after") == "5");
  }
}

}  // namespace
}  // namespace drover::ingest
