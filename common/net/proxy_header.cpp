#include "common/net/proxy_header.hpp"

#include <algorithm>
#include <string_view>

#include "common/base/parse_number.hpp"

namespace icebreaker::net {
namespace {

using namespace std::string_view_literals;

using Result = std::expected<ProxyHeader, NoProxyHeader>;

constexpr auto kTextSignature = "PROXY "sv;
// "The longest line", with its line break, has 107 bytes.
constexpr std::size_t kMaxTextBytes = 107;
constexpr auto kBinarySignature = "\r\n\r\n\0\r\nQUIT\n"sv;
constexpr std::size_t kBinaryPrefixBytes = 16;

bool agrees(std::string_view text, std::string_view signature) {
  const std::size_t common = std::min(text.size(), signature.size());
  return text.substr(0, common) == signature.substr(0, common);
}

std::string_view take_word(std::string_view& line) {
  const std::size_t end = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return word;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  if (text.size() > 1 && text.starts_with('0')) return std::nullopt;
  return parse_number<std::uint16_t>(text);
}

std::optional<ProxiedAddresses> parse_text_addresses(std::string_view line, Family family) {
  const auto client_ip = IpAddress::parse(take_word(line));
  const auto server_ip = IpAddress::parse(take_word(line));
  const auto client_port = parse_port(take_word(line));
  const auto server_port = parse_port(line);
  if (!client_ip || !server_ip || !client_port || !server_port) return std::nullopt;
  if (client_ip->family() != family || server_ip->family() != family) return std::nullopt;
  return ProxiedAddresses{{*client_ip, *client_port}, {*server_ip, *server_port}};
}

Result parse_text(std::string_view text) {
  const std::size_t end = text.substr(0, kMaxTextBytes).find("\r\n");
  if (end == std::string_view::npos) {
    return std::unexpected(text.size() < kMaxTextBytes ? NoProxyHeader::NeedMoreBytes
                                                       : NoProxyHeader::Malformed);
  }
  std::string_view line = text.substr(kTextSignature.size(), end - kTextSignature.size());
  ProxyHeader header{.addresses = std::nullopt, .size = end + 2};
  const std::string_view protocol = take_word(line);
  // What follows UNKNOWN "must be ignored".
  if (protocol == "UNKNOWN") return header;
  if (protocol != "TCP4" && protocol != "TCP6") return std::unexpected(NoProxyHeader::Malformed);
  header.addresses = parse_text_addresses(line, protocol == "TCP4" ? Family::V4 : Family::V6);
  if (!header.addresses) return std::unexpected(NoProxyHeader::Malformed);
  return header;
}

std::optional<ProxiedAddresses> read_addresses(ByteReader& in, std::size_t ip_bytes) {
  const auto client = IpAddress::from_bytes(in.bytes(ip_bytes));
  const auto server = IpAddress::from_bytes(in.bytes(ip_bytes));
  const std::uint16_t client_port = in.u16();
  const std::uint16_t server_port = in.u16();
  if (in.failed() || !client || !server) return std::nullopt;
  return ProxiedAddresses{{*client, client_port}, {*server, server_port}};
}

// Whatever follows the addresses are extensions, which say nothing that we need.
Result parse_binary(ByteView bytes) {
  if (bytes.size() < kBinaryPrefixBytes) return std::unexpected(NoProxyHeader::NeedMoreBytes);
  constexpr unsigned kVersion = 2;
  constexpr unsigned kLocal = 0;
  constexpr unsigned kProxy = 1;

  enum FamilyBits : unsigned { Unspecified, Inet, Inet6, Unix };

  constexpr unsigned kLastProtocol = 2;  // unspecified, stream, datagram

  ByteReader in{bytes.subspan(kBinarySignature.size())};
  const unsigned version_and_command = in.u8();
  const unsigned family_and_protocol = in.u8();
  const std::size_t length = in.u16();
  const unsigned command = version_and_command & 0xFU;
  const unsigned family = family_and_protocol >> 4U;
  const unsigned protocol = family_and_protocol & 0xFU;
  const auto malformed = std::unexpected(NoProxyHeader::Malformed);
  if (version_and_command >> 4U != kVersion || command > kProxy) return malformed;
  if (family > Unix || protocol > kLastProtocol) return malformed;
  if (kBinaryPrefixBytes + length > kMaxProxyHeaderBytes) return malformed;
  const ByteView block = in.bytes(length);
  if (in.failed()) return std::unexpected(NoProxyHeader::NeedMoreBytes);

  ProxyHeader header{.addresses = std::nullopt, .size = kBinaryPrefixBytes + length};
  const bool has_ip = (family == Inet || family == Inet6) && protocol != 0;
  if (command == kLocal || !has_ip) return header;
  ByteReader addresses{block};
  header.addresses = read_addresses(
      addresses, family == Inet ? sizeof(IpAddress::V4Bytes) : sizeof(IpAddress::V6Bytes));
  if (!header.addresses) return malformed;
  return header;
}

}  // namespace

Result parse_proxy_header(ByteView bytes) {
  const std::string_view text = text_of(bytes);
  for (const std::string_view signature : {kTextSignature, kBinarySignature}) {
    if (!agrees(text, signature)) continue;
    if (text.size() < signature.size()) return std::unexpected(NoProxyHeader::NeedMoreBytes);
    return signature == kTextSignature ? parse_text(text) : parse_binary(bytes);
  }
  return std::unexpected(NoProxyHeader::NotAHeader);
}

}  // namespace icebreaker::net
