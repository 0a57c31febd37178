#include "common/base/address.hpp"

#include <algorithm>
#include <ranges>
#include <span>

#include "common/base/check.hpp"
#include "common/base/parse_number.hpp"

namespace icebreaker {
namespace {

// Digits only, no sign, no leading zero unless allowed, at most `max`.
std::optional<unsigned> parse_decimal(std::string_view text, unsigned max) {
  if (text.empty() || text.size() > 5) return std::nullopt;
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  const auto value = parse_number<unsigned>(text);
  return value > max ? std::nullopt : value;
}

std::optional<IpAddress::V4Bytes> parse_v4(std::string_view text) {
  IpAddress::V4Bytes bytes{};
  for (std::size_t index = 0; index < bytes.size(); ++index) {
    const std::size_t dot = text.find('.');
    const bool last = index + 1 == bytes.size();
    if ((dot == std::string_view::npos) != last) return std::nullopt;
    const auto octet = parse_decimal(text.substr(0, dot), 255);
    if (!octet) return std::nullopt;
    bytes.at(index) = static_cast<std::byte>(*octet);
    if (!last) text.remove_prefix(dot + 1);
  }
  return bytes;
}

enum class DottedTail : std::uint8_t { Refused, Allowed };

// One side of "::": 16-bit groups; the last group of an address may be dotted decimal.
class GroupList {
 public:
  static std::optional<GroupList> parse(std::string_view text, DottedTail dotted) {
    GroupList list;
    if (text.empty()) return list;
    while (true) {
      const std::size_t colon = text.find(':');
      const bool last = colon == std::string_view::npos;
      const bool may_be_dotted = last && dotted == DottedTail::Allowed;
      if (!list.append(text.substr(0, colon), may_be_dotted)) return std::nullopt;
      if (last) return list;
      text.remove_prefix(colon + 1);
    }
  }

  [[nodiscard]] ByteView bytes() const { return ByteView{bytes_}.first(size_); }

 private:
  bool append(std::string_view group, bool may_be_dotted) {
    if (may_be_dotted && group.contains('.')) {
      const auto v4 = parse_v4(group);
      if (!v4 || size_ + v4->size() > bytes_.size()) return false;
      std::ranges::copy(*v4, bytes_.begin() + static_cast<std::ptrdiff_t>(size_));
      size_ += v4->size();
      return true;
    }
    const auto value = parse_number<unsigned>(group, 16);
    if (group.size() > 4 || !value || size_ + 2 > bytes_.size()) return false;
    bytes_.at(size_++) = static_cast<std::byte>(*value >> 8U);
    bytes_.at(size_++) = static_cast<std::byte>(*value & 0xFFU);
    return true;
  }

  IpAddress::V6Bytes bytes_{};
  std::size_t size_ = 0;
};

std::optional<IpAddress::V6Bytes> parse_v6(std::string_view text) {
  const std::size_t gap = text.find("::");
  const bool has_gap = gap != std::string_view::npos;
  const auto head =
      GroupList::parse(text.substr(0, gap), has_gap ? DottedTail::Refused : DottedTail::Allowed);
  if (!head) return std::nullopt;
  IpAddress::V6Bytes bytes{};
  std::ranges::copy(head->bytes(), bytes.begin());
  if (!has_gap) {
    return head->bytes().size() == bytes.size() ? std::optional{bytes} : std::nullopt;
  }
  const auto tail = GroupList::parse(text.substr(gap + 2), DottedTail::Allowed);
  if (!tail || head->bytes().size() + tail->bytes().size() > bytes.size() - 2) return std::nullopt;
  std::ranges::copy(tail->bytes(), bytes.end() - static_cast<std::ptrdiff_t>(tail->bytes().size()));
  return bytes;
}

bool is_v4_mapped(ByteView v6) {
  return std::ranges::all_of(v6.first(10), [](std::byte b) { return b == std::byte{0}; }) &&
         v6[10] == std::byte{0xFF} && v6[11] == std::byte{0xFF};
}

std::string v4_text(ByteView bytes) {
  std::string text;
  for (const std::byte octet : bytes) {
    if (!text.empty()) text += '.';
    text += std::to_string(std::to_integer<unsigned>(octet));
  }
  return text;
}

using Groups = std::array<std::uint16_t, 8>;

struct Run {
  std::size_t start = 0;
  std::size_t length = 0;
};

// RFC 5952 §4.2.2 and §4.2.3: the first of the longest runs of at least two zero groups.
Run longest_zero_run(std::span<const std::uint16_t> groups) {
  Run best;
  Run current;
  for (std::size_t index = 0; index < groups.size(); ++index) {
    if (groups[index] != 0) {
      current = {};
      continue;
    }
    if (current.length == 0) current.start = index;
    ++current.length;
    if (current.length > best.length) best = current;
  }
  return best.length >= 2 ? best : Run{};
}

std::string hex_group(std::uint16_t group) {
  std::array<char, 4> digits{};
  const auto end = std::to_chars(digits.begin(), digits.end(), group, 16).ptr;
  return {digits.begin(), end};
}

std::string v6_text(ByteView bytes) {
  if (is_v4_mapped(bytes)) return "::ffff:" + v4_text(bytes.subspan(12));
  Groups groups{};
  ByteReader in{bytes};
  for (auto& group : groups) group = in.u16();
  const Run zeros = longest_zero_run(groups);
  std::string text;
  for (std::size_t index = 0; index < groups.size(); ++index) {
    if (zeros.length > 0 && index == zeros.start) {
      text += "::";
      index += zeros.length - 1;
      continue;
    }
    if (!text.empty() && !text.ends_with(':')) text += ':';
    text += hex_group(groups.at(index));
  }
  return text;
}

unsigned width_of(Family family) {
  return family == Family::V4 ? 32 : 128;
}

}  // namespace

IpAddress IpAddress::from_v4(const V4Bytes& bytes) {
  IpAddress ip;
  std::ranges::copy(bytes, ip.bytes_.begin());
  return ip;
}

IpAddress IpAddress::from_v6(const V6Bytes& bytes) {
  IpAddress ip;
  ip.family_ = Family::V6;
  ip.bytes_ = bytes;
  return ip;
}

IpAddress IpAddress::from_v4(std::uint32_t value) {
  V4Bytes bytes{};
  ByteWriter{bytes}.u32(value);
  return from_v4(bytes);
}

std::optional<IpAddress> IpAddress::from_bytes(ByteView bytes) {
  if (bytes.size() != 4 && bytes.size() != 16) return std::nullopt;
  IpAddress ip;
  ip.family_ = bytes.size() == 4 ? Family::V4 : Family::V6;
  std::ranges::copy(bytes, ip.bytes_.begin());
  return ip;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  if (text.contains(':')) {
    const auto bytes = parse_v6(text);
    return bytes ? std::optional{from_v6(*bytes)} : std::nullopt;
  }
  const auto bytes = parse_v4(text);
  return bytes ? std::optional{from_v4(*bytes)} : std::nullopt;
}

IpAddress IpAddress::any(Family family) {
  return family == Family::V4 ? IpAddress{} : from_v6(V6Bytes{});
}

IpAddress IpAddress::loopback(Family family) {
  if (family == Family::V4) return from_v4(0x7F000001U);
  V6Bytes bytes{};
  bytes.back() = std::byte{1};
  return from_v6(bytes);
}

std::uint32_t IpAddress::v4_value() const {
  ICEBREAKER_CHECK(is_v4());
  return ByteReader{bytes()}.u32();
}

bool IpAddress::is_any() const {
  return *this == any(family_);
}

bool IpAddress::is_loopback() const {
  return is_v4() ? (v4_value() >> 24U) == 127U : *this == loopback(Family::V6);
}

IpAddress IpAddress::with_zone(std::uint32_t zone) const {
  IpAddress ip = *this;
  ip.zone_ = zone;
  return ip;
}

IpAddress IpAddress::unmapped() const {
  if (is_v4() || !is_v4_mapped(bytes())) return *this;
  return from_bytes(bytes().subspan(12)).value();
}

std::string IpAddress::to_string() const {
  const std::string text = is_v4() ? v4_text(bytes()) : v6_text(bytes());
  return zone_ == 0 ? text : text + '%' + std::to_string(zone_);
}

std::optional<SocketAddress> SocketAddress::parse(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']') && host.size() >= 2;
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto ip = IpAddress::parse(host);
  const auto port = parse_decimal(text.substr(colon + 1), 65535);
  if (!ip || !port || bracketed == ip->is_v4()) return std::nullopt;
  return SocketAddress{*ip, static_cast<std::uint16_t>(*port)};
}

std::string SocketAddress::to_string() const {
  const std::string host = ip.is_v4() ? ip.to_string() : "[" + ip.to_string() + "]";
  return host + ":" + std::to_string(port);
}

std::optional<Cidr> Cidr::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto base = IpAddress::parse(text.substr(0, slash));
  if (!base) return std::nullopt;
  const unsigned width = width_of(base->family());
  if (slash == std::string_view::npos) return Cidr{*base, width};
  const auto prefix = parse_decimal(text.substr(slash + 1), width);
  if (!prefix) return std::nullopt;
  const Cidr network = around(*base, *prefix);
  return network.base() == *base ? std::optional{network} : std::nullopt;
}

Cidr Cidr::around(const IpAddress& ip, unsigned prefix_bits) {
  const unsigned kept = std::min(prefix_bits, width_of(ip.family()));
  IpAddress::V6Bytes masked{};
  const ByteView source = ip.bytes();
  for (std::size_t index = 0; index < source.size(); ++index) {
    const unsigned before = static_cast<unsigned>(index) * 8;
    const unsigned bits = kept > before ? std::min(kept - before, 8U) : 0;
    masked.at(index) = source[index] & static_cast<std::byte>(0xFFU << (8U - bits));
  }
  return {IpAddress::from_bytes(ByteView{masked}.first(source.size())).value(), kept};
}

bool Cidr::contains(const IpAddress& ip) const {
  return ip.family() == base_.family() && around(ip, prefix_bits_).base_ == base_;
}

std::string Cidr::to_string() const {
  return base_.to_string() + "/" + std::to_string(prefix_bits_);
}

}  // namespace icebreaker
