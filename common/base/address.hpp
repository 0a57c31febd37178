// IP addresses, transport addresses and CIDRs as values, without sockaddr. Text per RFC 5952.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/bytes.hpp"

namespace icebreaker {

enum class Family : std::uint8_t { V4 = 4, V6 = 6 };

class IpAddress {
 public:
  using V4Bytes = std::array<std::byte, 4>;
  using V6Bytes = std::array<std::byte, 16>;

  // 0.0.0.0
  constexpr IpAddress() = default;

  static IpAddress from_v4(const V4Bytes& bytes);
  static IpAddress from_v6(const V6Bytes& bytes);
  // Host order: from_v4(0x7F000001) is 127.0.0.1.
  static IpAddress from_v4(std::uint32_t value);
  // 4 or 16 bytes in network order; anything else is nothing.
  static std::optional<IpAddress> from_bytes(ByteView bytes);
  // Dotted decimal without leading zeros, or RFC 4291 §2.2 text without a zone.
  static std::optional<IpAddress> parse(std::string_view text);
  // 0.0.0.0 or ::
  static IpAddress any(Family family);
  static IpAddress loopback(Family family);

  [[nodiscard]] Family family() const { return family_; }

  [[nodiscard]] bool is_v4() const { return family_ == Family::V4; }

  // 4 or 16 bytes in network order.
  [[nodiscard]] ByteView bytes() const { return ByteView{bytes_}.first(is_v4() ? 4 : 16); }

  // Host order; only for v4 addresses.
  [[nodiscard]] std::uint32_t v4_value() const;
  [[nodiscard]] bool is_any() const;
  [[nodiscard]] bool is_loopback() const;

  // Of an IPv6 link-local address that came from a socket: the index of its interface, without
  // which nothing can be sent there. 0 for all others; wire formats and parse() know of none.
  [[nodiscard]] std::uint32_t zone() const { return zone_; }

  [[nodiscard]] IpAddress with_zone(std::uint32_t zone) const;
  // ::ffff:a.b.c.d as a.b.c.d; every other address as it is.
  [[nodiscard]] IpAddress unmapped() const;
  // RFC 5952 §4 and, for v4-mapped addresses, §5; with a zone "fe80::1%2" (RFC 4007 §11).
  [[nodiscard]] std::string to_string() const;

  auto operator<=>(const IpAddress&) const = default;

 private:
  Family family_ = Family::V4;
  V6Bytes bytes_{};
  std::uint32_t zone_ = 0;
};

struct SocketAddress {
  IpAddress ip;
  std::uint16_t port = 0;

  // "192.0.2.1:3478" or "[2001:db8::1]:3478" (RFC 5952 §6).
  static std::optional<SocketAddress> parse(std::string_view text);
  [[nodiscard]] std::string to_string() const;

  auto operator<=>(const SocketAddress&) const = default;
};

// One role of a transport address; roles do not mix.
template <class Role>
struct AddressAs {
  SocketAddress value;
  auto operator<=>(const AddressAs&) const = default;
};

using ClientAddress = AddressAs<struct ClientRole>;
using PeerAddress = AddressAs<struct PeerRole>;
using RelayAddress = AddressAs<struct RelayRole>;

// A network: the bits of `base` past `prefix_bits` are zero.
class Cidr {
 public:
  // "10.0.0.0/8", "fe80::/10" or a single address; bits set past the prefix are refused.
  static std::optional<Cidr> parse(std::string_view text);
  // The network of that size around an address; bits past its width count as its width.
  static Cidr around(const IpAddress& ip, unsigned prefix_bits);

  [[nodiscard]] bool contains(const IpAddress& ip) const;

  [[nodiscard]] const IpAddress& base() const { return base_; }

  [[nodiscard]] unsigned prefix_bits() const { return prefix_bits_; }

  [[nodiscard]] std::string to_string() const;

  auto operator<=>(const Cidr&) const = default;

 private:
  Cidr(const IpAddress& base, unsigned prefix_bits) : base_{base}, prefix_bits_{prefix_bits} {}

  IpAddress base_;
  unsigned prefix_bits_ = 0;
};

}  // namespace icebreaker

template <>
struct std::hash<icebreaker::IpAddress> {
  std::size_t operator()(const icebreaker::IpAddress& ip) const noexcept {
    return std::hash<std::string_view>{}(icebreaker::text_of(ip.bytes()));
  }
};

template <>
struct std::hash<icebreaker::SocketAddress> {
  std::size_t operator()(const icebreaker::SocketAddress& address) const noexcept {
    return std::hash<icebreaker::IpAddress>{}(address.ip) * 31U + address.port;
  }
};

template <class Role>
struct std::hash<icebreaker::AddressAs<Role>> {
  std::size_t operator()(const icebreaker::AddressAs<Role>& address) const noexcept {
    return std::hash<icebreaker::SocketAddress>{}(address.value);
  }
};
