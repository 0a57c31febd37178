#include "signaling/server/client_address.hpp"

#include <gtest/gtest.h>

namespace icebreaker::signaling {
namespace {

HttpRequest request_from(std::string_view peer, std::string forwarded_for) {
  HttpRequest request;
  request.peer = IpAddress::parse(peer).value();
  request.forwarded_for = std::move(forwarded_for);
  return request;
}

TrustedProxies trusting(std::initializer_list<std::string_view> networks) {
  std::vector<Cidr> parsed;
  for (const auto network : networks) parsed.push_back(Cidr::parse(network).value());
  return TrustedProxies{std::move(parsed)};
}

std::string client(const TrustedProxies& proxies, const HttpRequest& request) {
  return proxies.client_of(request).to_string();
}

TEST(TrustedProxies, IgnoreTheHeaderFromAnybodyElse) {
  EXPECT_EQ(client(trusting({}), request_from("192.0.2.1", "203.0.113.9")), "192.0.2.1");
  EXPECT_EQ(client(trusting({"10.0.0.0/8"}), request_from("192.0.2.1", "203.0.113.9")),
            "192.0.2.1");
}

TEST(TrustedProxies, TakeTheRightMostAddressThatIsNotTheirOwn) {
  const auto proxies = trusting({"10.0.0.0/8"});

  EXPECT_EQ(client(proxies, request_from("10.0.0.1", "203.0.113.9")), "203.0.113.9");
  EXPECT_EQ(client(proxies, request_from("10.0.0.1", "203.0.113.9, 10.0.0.2")), "203.0.113.9");
}

TEST(TrustedProxies, NeverLetAForgedHeaderWin) {
  const auto proxies = trusting({"10.0.0.0/8"});

  // The client wrote "1.2.3.4" (or even one of the proxies' addresses) itself.
  EXPECT_EQ(client(proxies, request_from("10.0.0.1", "1.2.3.4, 203.0.113.9")), "203.0.113.9");
  EXPECT_EQ(client(proxies, request_from("10.0.0.1", "10.9.9.9, 203.0.113.9, 10.0.0.2")),
            "203.0.113.9");
  EXPECT_EQ(client(proxies, request_from("10.0.0.1", "1.2.3.4, garbage")), "10.0.0.1");
  EXPECT_EQ(client(proxies, request_from("10.0.0.1", "1.2.3.4, unix:")), "10.0.0.1");
  // Of a forged list that a proxy continues.
  EXPECT_EQ(client(proxies, request_from("10.0.0.1", "1.2.3.4,, , 203.0.113.9")), "203.0.113.9");
}

TEST(TrustedProxies, PassOverEmptyElements) {
  const auto proxies = trusting({"10.0.0.0/8"});

  EXPECT_EQ(client(proxies, request_from("10.0.0.1", "203.0.113.9, ")), "203.0.113.9");
  EXPECT_EQ(client(proxies, request_from("10.0.0.1", "203.0.113.9,\t, 10.0.0.2 , ,")),
            "203.0.113.9");
  EXPECT_EQ(client(proxies, request_from("10.0.0.1", " , ,")), "10.0.0.1");
}

TEST(TrustedProxies, AreTheSameInBothFormsOfAnIpv4Address) {
  const auto proxies = trusting({"10.0.0.0/8"});

  EXPECT_EQ(client(proxies, request_from("::ffff:10.0.0.1", "203.0.113.9")), "203.0.113.9");
  EXPECT_EQ(client(proxies, request_from("::ffff:192.0.2.1", "203.0.113.9")), "192.0.2.1");
  EXPECT_EQ(client(proxies, request_from("10.0.0.1", "203.0.113.9, ::ffff:10.0.0.2")),
            "203.0.113.9");
  // Not the ways in which other addresses hold one.
  EXPECT_EQ(client(proxies, request_from("64:ff9b::10.0.0.1", "203.0.113.9")), "64:ff9b::a00:1");
  EXPECT_EQ(client(proxies, request_from("::10.0.0.1", "203.0.113.9")), "::a00:1");
}

TEST(TrustedProxies, StopAtTheLastKnownOneWhenAllAreTrusted) {
  const auto proxies = trusting({"10.0.0.0/8"});

  EXPECT_EQ(client(proxies, request_from("10.0.0.1", "10.0.0.3, 10.0.0.2")), "10.0.0.3");
  EXPECT_EQ(client(proxies, request_from("10.0.0.1", "")), "10.0.0.1");
}

TEST(TrustedProxies, ReadEveryFormThatProxiesWrite) {
  const auto proxies = trusting({"::1/128", "127.0.0.0/8"});

  EXPECT_EQ(client(proxies, request_from("::1", "2001:db8::5")), "2001:db8::5");
  EXPECT_EQ(client(proxies, request_from("::1", "[2001:db8::5]:4000")), "2001:db8::5");
  EXPECT_EQ(client(proxies, request_from("::1", "[2001:db8::5]")), "2001:db8::5");
  EXPECT_EQ(client(proxies, request_from("::1", "192.0.2.7:4000")), "192.0.2.7");
  EXPECT_EQ(client(proxies, request_from("::1", "\"192.0.2.7\"")), "192.0.2.7");
  EXPECT_EQ(client(proxies, request_from("::ffff:127.0.0.1", "::ffff:192.0.2.7")), "192.0.2.7");
}

TEST(TrustedProxies, TellTheHostThatTheClientAskedFor) {
  HttpRequest request = request_from("10.0.0.1", "");
  request.host = "internal:8080";
  request.forwarded_host = "example.org";

  EXPECT_EQ(trusting({"10.0.0.0/8"}).host_of(request), "example.org");
  EXPECT_EQ(trusting({}).host_of(request), "internal:8080");
  request.forwarded_host = "forged.example, example.org";
  EXPECT_EQ(trusting({"10.0.0.0/8"}).host_of(request), "example.org");
}

TEST(HostWithoutPort, KeepsTheBracketsOfIpv6) {
  EXPECT_EQ(host_without_port("example.org:8080"), "example.org");
  EXPECT_EQ(host_without_port("example.org"), "example.org");
  EXPECT_EQ(host_without_port("[::1]:8080"), "[::1]");
  EXPECT_EQ(host_without_port("[::1]"), "[::1]");
  EXPECT_EQ(host_without_port(""), "");
}

}  // namespace
}  // namespace icebreaker::signaling
