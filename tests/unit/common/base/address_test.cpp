#include "common/base/address.hpp"

#include <gtest/gtest.h>

namespace icebreaker {
namespace {

std::string round_trip(std::string_view text) {
  const auto ip = IpAddress::parse(text);
  return ip ? ip->to_string() : "refused";
}

TEST(IpAddress, PrintsTheExamplesOfRfc5952) {
  EXPECT_EQ(round_trip("2001:0db8::0001"), "2001:db8::1");
  EXPECT_EQ(round_trip("2001:db8:0:0:0:0:2:1"), "2001:db8::2:1");
  EXPECT_EQ(round_trip("2001:db8:0:1:1:1:1:1"), "2001:db8:0:1:1:1:1:1");
  EXPECT_EQ(round_trip("2001:0:0:1:0:0:0:1"), "2001:0:0:1::1");
  EXPECT_EQ(round_trip("2001:db8:0:0:1:0:0:1"), "2001:db8::1:0:0:1");
  EXPECT_EQ(round_trip("2001:DB8::AAAA"), "2001:db8::aaaa");
  EXPECT_EQ(round_trip("::ffff:192.0.2.1"), "::ffff:192.0.2.1");
  EXPECT_EQ(round_trip("::FFFF:C000:0201"), "::ffff:192.0.2.1");
  EXPECT_EQ(round_trip("64:ff9b::192.0.2.33"), "64:ff9b::c000:221");
  EXPECT_EQ(round_trip("::"), "::");
  EXPECT_EQ(round_trip("::1"), "::1");
  EXPECT_EQ(round_trip("1::"), "1::");
  EXPECT_EQ(round_trip("1:2:3:4:5:6:7::"), "1:2:3:4:5:6:7:0");
  EXPECT_EQ(round_trip("127.0.0.1"), "127.0.0.1");
}

TEST(IpAddress, TellsTheSameLinkLocalAddressOfTwoLinksApart) {
  const IpAddress plain = IpAddress::parse("fe80::1").value();
  const IpAddress first = plain.with_zone(1);
  const IpAddress second = plain.with_zone(2);

  EXPECT_NE(first, second);
  EXPECT_NE(first, plain);
  EXPECT_EQ(first.with_zone(0), plain);
  EXPECT_EQ(plain.to_string(), "fe80::1");
  EXPECT_EQ((SocketAddress{second, 3478}.to_string()), "[fe80::1%2]:3478");
  EXPECT_TRUE(Cidr::parse("fe80::/10")->contains(second));
  EXPECT_EQ(Cidr::around(first, 128), Cidr::around(second, 128));
}

TEST(IpAddress, RefusesTextThatIsNotAnAddress) {
  for (const std::string_view text : {"",
                                      "1",
                                      "1.2.3",
                                      "1.2.3.4.5",
                                      "256.1.1.1",
                                      "01.2.3.4",
                                      "1.2.3.4 ",
                                      "+1.2.3.4",
                                      "1..2.3",
                                      ":",
                                      ":::",
                                      "1::2::3",
                                      "1:2:3:4:5:6:7",
                                      "1:2:3:4:5:6:7:8:9",
                                      "1:2:3:4:5:6:7:8::",
                                      "::1:2:3:4:5:6:7:8",
                                      "12345::",
                                      "g::",
                                      "::1.2.3",
                                      "1.2.3.4::",
                                      "fe80::1%eth0",
                                      "-1::",
                                      "1:2:3:4:5:6:7:",
                                      ":1:2:3:4:5:6:7"}) {
    EXPECT_FALSE(IpAddress::parse(text).has_value()) << text;
  }
}

TEST(IpAddress, KnowsLoopbackAnyAndMappedAddresses) {
  EXPECT_TRUE(IpAddress::parse("127.8.8.8")->is_loopback());
  EXPECT_TRUE(IpAddress::parse("::1")->is_loopback());
  EXPECT_FALSE(IpAddress::parse("::ffff:127.0.0.1")->is_loopback());
  EXPECT_TRUE(IpAddress::parse("::ffff:127.0.0.1")->unmapped().is_loopback());
  EXPECT_TRUE(IpAddress::any(Family::V6).is_any());
  EXPECT_EQ(IpAddress::parse("::1")->unmapped(), *IpAddress::parse("::1"));
}

TEST(SocketAddress, ParsesAndPrintsBothFamilies) {
  EXPECT_EQ(SocketAddress::parse("192.0.2.1:3478")->to_string(), "192.0.2.1:3478");
  EXPECT_EQ(SocketAddress::parse("[2001:db8::1]:0")->to_string(), "[2001:db8::1]:0");
  for (const std::string_view text : {"192.0.2.1", "192.0.2.1:", "192.0.2.1:65536", "::1:80",
                                      "[192.0.2.1]:80", "[::1]", "[::1:80", "1.2.3.4:-1"}) {
    EXPECT_FALSE(SocketAddress::parse(text).has_value()) << text;
  }
}

TEST(Cidr, ContainsExactlyTheAddressesOfItsPrefix) {
  const Cidr network = *Cidr::parse("100.64.0.0/10");

  EXPECT_TRUE(network.contains(*IpAddress::parse("100.127.255.255")));
  EXPECT_FALSE(network.contains(*IpAddress::parse("100.128.0.0")));
  EXPECT_FALSE(network.contains(*IpAddress::parse("100.63.255.255")));
  EXPECT_FALSE(network.contains(*IpAddress::parse("::ffff:100.64.0.1")));
  EXPECT_TRUE(Cidr::parse("::/0")->contains(*IpAddress::parse("ff02::1")));
  EXPECT_TRUE(Cidr::parse("192.0.2.7")->contains(*IpAddress::parse("192.0.2.7")));
}

TEST(Cidr, RefusesHostBitsAndBadPrefixes) {
  for (const std::string_view text : {"10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/08",
                                      "::1/64", "::/129", "10.0.0/8", "example.org/8", "/8"}) {
    EXPECT_FALSE(Cidr::parse(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace icebreaker
