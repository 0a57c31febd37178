#include "common/net/proxy_header.hpp"

#include <string>

#include <gtest/gtest.h>

namespace icebreaker::net {
namespace {

using namespace std::string_literals;

const std::string kSignature = "\r\n\r\n\0\r\nQUIT\n"s;

SocketAddress address(std::string_view text) {
  return SocketAddress::parse(text).value();
}

std::string binary(char version_and_command, char family_and_protocol, const std::string& block) {
  return kSignature + version_and_command + family_and_protocol +
         static_cast<char>(block.size() >> 8U) + static_cast<char>(block.size() & 0xFFU) + block;
}

const std::string kV4Block = "\xC0\x00\x02\x01\xC6\x33\x64\x02\x10\x00\x0D\x96"s;
const ProxiedAddresses kV4{address("192.0.2.1:4096"), address("198.51.100.2:3478")};

NoProxyHeader error_of(const std::string& bytes) {
  return parse_proxy_header(bytes_of(bytes)).error();
}

TEST(ProxyHeader, ReadsTheTextOfVersion1) {
  const std::string v4 = "PROXY TCP4 192.0.2.1 198.51.100.2 4096 3478\r\n";
  const std::string v6 = "PROXY TCP6 2001:db8::1 2001:db8::2 65535 0\r\nrest";

  EXPECT_EQ(parse_proxy_header(bytes_of(v4)), (ProxyHeader{kV4, v4.size()}));
  EXPECT_EQ(
      parse_proxy_header(bytes_of(v6)),
      (ProxyHeader{ProxiedAddresses{address("[2001:db8::1]:65535"), address("[2001:db8::2]:0")},
                   v6.size() - 4}));
}

TEST(ProxyHeader, TakesUnknownConnectionsForTheProxysOwn) {
  for (const std::string text :
       {"PROXY UNKNOWN\r\n", "PROXY UNKNOWN ffff::1 ffff::1 65535 65535\r\n"}) {
    EXPECT_EQ(parse_proxy_header(bytes_of(text)), (ProxyHeader{std::nullopt, text.size()}));
  }
}

TEST(ProxyHeader, RefusesMalformedText) {
  for (const std::string_view line :
       {"PROXY \r\n", "PROXY TCP5 192.0.2.1 198.51.100.2 1 2\r\n", "PROXY TCP4\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.2 1\r\n", "PROXY TCP4 192.0.2.1 198.51.100.2 1 65536\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.2 1 02\r\n", "PROXY TCP4 192.0.2.1 198.51.100.2 1 -2\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.2 1 2 \r\n", "PROXY TCP4 192.0.2.1 ::1 1 2\r\n",
        "PROXY TCP6 192.0.2.1 198.51.100.2 1 2\r\n", "PROXY  TCP4 192.0.2.1 198.51.100.2 1 2\r\n",
        "PROXY TCP4 192.0.2.1\t198.51.100.2 1 2\r\n"}) {
    EXPECT_EQ(error_of(std::string{line}), NoProxyHeader::Malformed) << line;
  }
  EXPECT_EQ(error_of("PROXY " + std::string(101, 'x')), NoProxyHeader::Malformed);
  EXPECT_EQ(error_of("PROXY " + std::string(100, 'x')), NoProxyHeader::NeedMoreBytes);
}

TEST(ProxyHeader, ReadsVersion2AndSkipsExtensions) {
  const std::string tlvs = "\x03\x00\x04"s + "crc!";
  for (const std::string& block : {kV4Block, kV4Block + tlvs}) {
    const std::string bytes = binary('\x21', '\x11', block);
    EXPECT_EQ(parse_proxy_header(bytes_of(bytes + "rest")), (ProxyHeader{kV4, bytes.size()}));
  }
  const std::string v6 = std::string(15, '\0') + '\1' + std::string(15, '\0') + '\2' + "\0\1\0\2"s;
  EXPECT_EQ(parse_proxy_header(bytes_of(binary('\x21', '\x21', v6)))->addresses,
            (ProxiedAddresses{address("[::1]:1"), address("[::2]:2")}));
}

TEST(ProxyHeader, TakesLocalUnixAndUnspecifiedForTheProxysOwn) {
  const std::string unix_block(216, 'u');
  for (const std::string& bytes :
       {binary('\x20', '\x00', ""), binary('\x20', '\x11', kV4Block), binary('\x21', '\x00', "tlv"),
        binary('\x21', '\x31', unix_block), binary('\x21', '\x32', unix_block)}) {
    EXPECT_EQ(parse_proxy_header(bytes_of(bytes)), (ProxyHeader{std::nullopt, bytes.size()}));
  }
}

TEST(ProxyHeader, RefusesMalformedVersion2) {
  EXPECT_EQ(error_of(binary('\x11', '\x11', kV4Block)), NoProxyHeader::Malformed);  // version
  EXPECT_EQ(error_of(binary('\x22', '\x11', kV4Block)), NoProxyHeader::Malformed);  // command
  EXPECT_EQ(error_of(binary('\x21', '\x41', kV4Block)), NoProxyHeader::Malformed);  // family
  EXPECT_EQ(error_of(binary('\x21', '\x13', kV4Block)), NoProxyHeader::Malformed);  // protocol
  EXPECT_EQ(error_of(binary('\x21', '\x21', kV4Block)), NoProxyHeader::Malformed);  // too short
  EXPECT_EQ(error_of(binary('\x21', '\x11', kV4Block).substr(0, 14) + "\xFF\xFF"),
            NoProxyHeader::Malformed);
}

TEST(ProxyHeader, WaitsForEveryByteOfIt) {
  for (const std::string& bytes : {binary('\x21', '\x11', kV4Block + "tlv"),
                                   "PROXY TCP4 192.0.2.1 198.51.100.2 4096 3478\r\n"s}) {
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_EQ(error_of(bytes.substr(0, size)), NoProxyHeader::NeedMoreBytes) << size;
    }
  }
}

TEST(ProxyHeader, KnowsWhatIsNone) {
  for (const std::string& bytes : {"\x16\x03\x01"s, "\0\1"s, "GET"s, "PROXX"s, "\r\n\r\r"s}) {
    EXPECT_EQ(error_of(bytes), NoProxyHeader::NotAHeader) << bytes;
  }
}

}  // namespace
}  // namespace icebreaker::net
