#include "common/net/stream_opening.hpp"

#include <string>

#include <gtest/gtest.h>

namespace icebreaker::net {
namespace {

using Step = StreamOpening::Step;
using namespace std::string_literals;

const std::string kHeader = "PROXY TCP6 ::ffff:192.0.2.1 ::ffff:198.51.100.2 4096 3478\r\n";
const std::string kStun = "\0\1\0\0"s;
const std::string kTls = "\x16\x03\x01"s;

StreamOpening opening(StreamSecurity security, const std::vector<Cidr>& proxies = {}) {
  return {security,
          proxies,
          {SocketAddress::parse("203.0.113.9:5000").value(),
           SocketAddress::parse("203.0.113.1:3478").value()}};
}

const std::vector<Cidr> kTrusted{Cidr::parse("10.0.0.0/8").value(),
                                 Cidr::parse("203.0.113.0/24").value()};
const std::vector<Cidr> kOthers{Cidr::parse("10.0.0.0/8").value()};

struct Failing {
  StreamSecurity security;
  std::vector<Cidr> proxies;
  std::string bytes;
  OpeningFailure failure;
};

TEST(StreamOpening, TellsTlsByItsFirstByteWhereThatIsAllowed) {
  for (const auto& [security, bytes, transport] :
       {std::tuple{StreamSecurity::ByFirstByte, kTls, Transport::Tls},
        std::tuple{StreamSecurity::ByFirstByte, kStun, Transport::Tcp},
        std::tuple{StreamSecurity::Tls, kTls, Transport::Tls},
        std::tuple{StreamSecurity::None, kTls, Transport::Tcp}}) {
    StreamOpening each = opening(security);

    EXPECT_EQ(each.on_bytes(bytes_of(bytes)), Step::Open);

    EXPECT_EQ(each.info().transport, transport);
    EXPECT_EQ(text_of(each.rest()), bytes);
  }
}

TEST(StreamOpening, TakesTheClientsAddressFromATrustedProxy) {
  StreamOpening each = opening(StreamSecurity::ByFirstByte, kTrusted);
  EXPECT_TRUE(each.expects_proxy_header());

  const std::string bytes = kHeader + kTls;
  for (const char byte : bytes.substr(0, kHeader.size())) {
    EXPECT_EQ(each.on_bytes(bytes_of({&byte, 1})), Step::NeedMoreBytes);
  }
  EXPECT_EQ(each.on_bytes(bytes_of(kTls)), Step::Open);

  EXPECT_EQ(each.info().client.to_string(), "192.0.2.1:4096");
  EXPECT_EQ(each.info().local.to_string(), "198.51.100.2:3478");
  EXPECT_EQ(each.info().transport, Transport::Tls);
  EXPECT_EQ(text_of(each.rest()), kTls);
}

TEST(StreamOpening, KeepsTheProxysAddressForConnectionsOfItsOwn) {
  StreamOpening each = opening(StreamSecurity::None, kTrusted);

  EXPECT_EQ(each.on_bytes(bytes_of("PROXY UNKNOWN\r\n" + kStun)), Step::Open);

  EXPECT_EQ(each.info().client.to_string(), "203.0.113.9:5000");
  EXPECT_EQ(text_of(each.rest()), kStun);
}

TEST(StreamOpening, FailsWithAName) {
  const std::string malformed = "PROXY TCP4 nonsense\r\n";
  for (const auto& [security, proxies, bytes, failure] :
       {Failing{StreamSecurity::Tls, {}, kStun, OpeningFailure::NotTls},
        Failing{StreamSecurity::None, {}, kHeader, OpeningFailure::UntrustedProxy},
        Failing{StreamSecurity::None, kOthers, kHeader, OpeningFailure::UntrustedProxy},
        Failing{StreamSecurity::Tls, kOthers, malformed, OpeningFailure::UntrustedProxy},
        Failing{StreamSecurity::None, kTrusted, malformed, OpeningFailure::MalformedProxyHeader},
        Failing{StreamSecurity::None, kTrusted, kStun, OpeningFailure::MissingProxyHeader},
        Failing{StreamSecurity::Tls, kTrusted, kHeader + kStun, OpeningFailure::NotTls}}) {
    StreamOpening each = opening(security, proxies);

    EXPECT_EQ(each.on_bytes(bytes_of(bytes)), Step::Failed) << name_of(failure);

    EXPECT_EQ(each.failure(), failure);
  }
}

TEST(StreamOpening, DoesNotTrustASecondHeader) {
  StreamOpening each = opening(StreamSecurity::None, kTrusted);

  EXPECT_EQ(each.on_bytes(bytes_of(kHeader + kHeader)), Step::Open);

  EXPECT_EQ(text_of(each.rest()), kHeader);  // which is no STUN, and ends the connection
}

}  // namespace
}  // namespace icebreaker::net
