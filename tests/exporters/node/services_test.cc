// What services of the host answer: NTP, runit, XML-RPC over HTTP.
#include <string>

#include <doctest/doctest.h>

#include "core/base/bytes.h"
#include "exporters/node/system/http_post.h"
#include "exporters/node/system/ntp_packet.h"
#include "exporters/node/system/runit_status.h"
#include "exporters/node/system/xml_rpc.h"

namespace drover::exporters::node {
namespace {

constexpr NtpTime kSecond = NtpTime{1} << 32;

NtpPacket GoodPacket(NtpTime now) {
  NtpPacket packet;
  packet.mode = 4;
  packet.stratum = 2;
  packet.root_delay_seconds = 0.25;
  packet.root_dispersion_seconds = 0.5;
  packet.reference = now - 10 * kSecond;
  packet.receive = now;
  packet.transmit = now + kSecond / 4;
  return packet;
}

}  // namespace

TEST_SUITE("exporters/node/services") {
  TEST_CASE("an NTP packet's fields") {
    std::string bytes("\xE4\x02\x06\xEC\x00\x01\x80\x00\x00\x00\x40\x00GPS\0", 16);
    for (std::uint64_t i = 1; i <= 4; ++i) AppendBigEndian(bytes, i << 32);
    const auto packet = ParseNtpPacket(bytes);
    REQUIRE(packet.has_value());
    CHECK(packet->leap == 3);
    CHECK(packet->mode == 4);
    CHECK(packet->stratum == 2);
    CHECK(packet->root_delay_seconds == 1.5);
    CHECK(packet->root_dispersion_seconds == 0.25);
    CHECK(packet->reference == kSecond);
    CHECK(packet->transmit == 4 * kSecond);
    for (std::size_t cut = 0; cut < bytes.size(); ++cut)
      CHECK_FALSE(ParseNtpPacket(std::string_view(bytes).substr(0, cut)).has_value());
    CHECK(ParseNtpPacket(NtpRequest(4, 7 * kSecond))->transmit == 7 * kSecond);
  }
  TEST_CASE("NTP times count from 1900 and wrap in 2036") {
    CHECK(ToNtpTime(0) == NtpTime{2208988800} << 32);
    CHECK(ToUnixSeconds(ToNtpTime(1700000000.5)) == 1700000000.5);
    CHECK(ToUnixSeconds(NtpTime{1} << 32) == 2085978497);
  }
  TEST_CASE("one question: round trip, offset, distance; times that contradict each other") {
    const NtpTime now = ToNtpTime(1700000000);
    NtpPacket packet = GoodPacket(now);
    const NtpAnswer answer = EvaluateNtp(packet, now - kSecond / 2, now + kSecond);
    CHECK(answer.round_trip_seconds == 1.25);
    CHECK(answer.offset_seconds == -0.125);
    CHECK(answer.root_distance_seconds == (1.25 + 0.25) / 2 + 0.5);
    CHECK(answer.least_error_seconds == 0);
    CHECK(answer.is_valid);
    CHECK(EvaluateNtp(packet, now + 2 * kSecond, now + 3 * kSecond).least_error_seconds == 2);
    packet.stratum = 16;
    CHECK_FALSE(EvaluateNtp(packet, now, now).is_valid);
    packet = GoodPacket(now);
    packet.leap = 3;
    CHECK_FALSE(EvaluateNtp(packet, now, now).is_valid);
    packet = GoodPacket(now);
    packet.reference = now + 10 * kSecond;
    CHECK_FALSE(EvaluateNtp(packet, now, now).is_valid);
    packet.reference = 0;
    CHECK_FALSE(EvaluateNtp(packet, now, now).is_valid);
    packet = GoodPacket(now);
    packet.root_dispersion_seconds = 16;
    CHECK_FALSE(EvaluateNtp(packet, now, now).is_valid);
  }
  TEST_CASE("a runit status of 20 bytes") {
    std::string bytes;
    AppendBigEndian(bytes, std::uint64_t{4611686018427387914U + 1700000000U});
    bytes += std::string("\0\0\0\0\1\2\0\0\0u\0\2", 12);
    const auto status = ParseRunitStatus(bytes);
    REQUIRE(status.has_value());
    CHECK(status->changed_unix_seconds == 1700000000);
    CHECK(status->is_wanted_up);
    CHECK(status->state == 2);
    bytes.pop_back();
    CHECK_FALSE(ParseRunitStatus(bytes).has_value());
  }
  TEST_CASE("XML-RPC: structs, arrays, types, entities, bare texts") {
    const auto value = ParseXmlRpcResponse(
        "<?xml version='1.0'?>\n<!-- x -->\n<methodResponse>\n <params> "
        "<param>\n<value><array><data>\n"
        "<value><struct><member><name>a&amp;b</name>\n "
        "<value><string>&lt;x&gt;&#33;</string></value>"
        "</member><member><name>n</name><value><int>-7</int></value></member></struct></value>\n"
        "<value>bare</value><value/><value><nil/></value>\n"
        "</data></array></value></param></params></methodResponse>\n");
    REQUIRE(value.has_value());
    REQUIRE(value->items.size() == 4);
    REQUIRE(value->items[0].Find("a&b") != nullptr);
    CHECK(value->items[0].Find("a&b")->text == "<x>!");
    CHECK(value->items[0].Find("n")->text == "-7");
    CHECK(value->items[0].Find("m") == nullptr);
    CHECK(value->items[1].text == "bare");
    CHECK(ParseXmlRpcResponse("<methodResponse><params><param><value><array><data/></array></value>"
                              "</param></params></methodResponse>")
              ->items.empty());
  }
  TEST_CASE("XML-RPC: faults, rubbish, depth") {
    const auto fault = ParseXmlRpcResponse(
        "<methodResponse><fault><value><struct><member><name>faultString</name><value><string>SHUT"
        "</string></value></member></struct></value></fault></methodResponse>");
    REQUIRE_FALSE(fault.has_value());
    CHECK(fault.error().code() == ErrorCode::kUnavailable);
    CHECK(fault.error().message().find("SHUT") != std::string::npos);
    std::string deep = "<methodResponse><params><param>";
    for (int i = 0; i < 100000; ++i) deep += "<value><array><data>";
    for (const std::string& bad :
         {std::string(), std::string("<html>"),
          std::string("<methodResponse><params><param><value>"),
          std::string("<methodResponse><params><param><value><int>5</value>"), deep}) {
      const auto broken = ParseXmlRpcResponse(bad);
      REQUIRE_FALSE(broken.has_value());
      CHECK(broken.error().code() == ErrorCode::kInvalid);
    }
  }
  TEST_CASE("where to post") {
    auto target = ParsePostTarget("http://user:pass@[::1]:9001/RPC2");
    REQUIRE(target.has_value());
    CHECK(target->host == "::1");
    CHECK(target->port == "9001");
    CHECK(target->path == "/RPC2");
    CHECK(target->authorization == "Basic dXNlcjpwYXNz");
    target = ParsePostTarget("http://a:b@localhost");
    CHECK(target->port == "80");
    CHECK(target->path == "/");
    CHECK(target->authorization == "Basic YTpi");
    CHECK(ParsePostTarget("http://ab:c@h")->authorization == "Basic YWI6Yw==");
    CHECK(ParsePostTarget("unix:///run/s.sock")->unix_socket == "/run/s.sock");
    for (const char* bad : {"", "https://h/", "http://", "http://h:0/", "http://h:x/",
                            "http://[::1", "unix://rel", "http://h/a b"})
      CHECK_FALSE(ParsePostTarget(bad).has_value());
  }
  TEST_CASE("HTTP answers: whole, without a length, cut off, refused") {
    CHECK(*ParseHttpAnswer("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nabc", false) == "ab");
    CHECK(*ParseHttpAnswer("HTTP/1.1 200 OK\r\nServer: x\r\n\r\nabc", true) == "abc");
    CHECK_FALSE(ParseHttpAnswer("HTTP/1.1 200 OK\r\nServer: x\r\n\r\nabc", false).has_value());
    for (const char* bad : {"", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 401 No\r\n\r\n",
                            "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc", "SSH-2.0\r\n\r\n"})
      CHECK_FALSE(ParseHttpAnswer(bad, true).has_value());
  }
}

}  // namespace drover::exporters::node
