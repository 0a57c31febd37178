#include "turn/core/special_networks.hpp"

#include <algorithm>
#include <bit>

#include "common/base/bytes.hpp"
#include "common/base/check.hpp"

namespace icebreaker::turn {
namespace {

using enum PeerRule;

constexpr auto kSpecialNetworks = std::to_array<SpecialNetwork>({
    {"0.0.0.0/32", Unspecified},
    {"0.0.0.0/8", ThisNetwork},
    {"10.0.0.0/8", Private},
    {"100.64.0.0/10", SharedAddressSpace},
    {"127.0.0.0/8", Loopback},
    {"169.254.0.0/16", LinkLocal},
    {"172.16.0.0/12", Private},
    {"192.0.0.0/24", ProtocolAssignment},
    {"192.0.2.0/24", Documentation},
    {"192.88.99.0/24", Translation},  // 6to4 relay anycast, deprecated by RFC 7526
    {"192.168.0.0/16", Private},
    {"198.18.0.0/15", Benchmarking},
    {"198.51.100.0/24", Documentation},
    {"203.0.113.0/24", Documentation},
    {"224.0.0.0/4", Multicast},
    {"255.255.255.255/32", Broadcast},
    {"240.0.0.0/4", Reserved},
    {"::/128", Unspecified},
    {"::1/128", Loopback},
    {"64:ff9b:1::/48", Translation},  // RFC 8215: local-use NAT64
    {"100::/64", Discard},
    {"100:0:0:1::/64", Reserved},  // RFC 9780: dummy prefix
    {"2001:2::/48", Benchmarking},
    {"2001::/23", ProtocolAssignment},
    {"2001:db8::/32", Documentation},
    {"3fff::/20", Documentation},
    {"fc00::/7", UniqueLocal},
    {"fe80::/10", LinkLocal},
    {"fec0::/10", SiteLocal},
    {"ff00::/8", Multicast},
});

constexpr auto kNames = std::to_array<std::string_view>({
    "allowed",
    "unspecified",
    "this-network",
    "loopback",
    "link-local",
    "private",
    "shared-address-space",
    "protocol-assignment",
    "documentation",
    "benchmarking",
    "multicast",
    "broadcast",
    "reserved",
    "unique-local",
    "site-local",
    "discard",
    "translation",
    "unassigned",
    "denied",
    "own-endpoint",
    "own-host",
});
static_assert(kNames.size() == static_cast<std::size_t>(Count));

std::uint64_t leading_ones(unsigned count) {
  if (count == 0) return 0;
  return ~std::uint64_t{0} << (64U - std::min(count, 64U));
}

std::optional<IpAddress> v4_at(ByteView v6, std::size_t offset) {
  return IpAddress::from_bytes(v6.subspan(offset, 4));
}

IpAddress inverted(const IpAddress& v4) {
  return IpAddress::from_v4(~v4.v4_value());
}

}  // namespace

NetworkMatcher::Bits NetworkMatcher::bits_of(const IpAddress& ip) {
  if (ip.is_v4()) {
    return {.family = Family::V4, .high = std::uint64_t{ip.v4_value()} << 32U, .low = 0};
  }
  ByteReader in{ip.bytes()};
  const std::uint64_t high = in.u64();
  return {.family = Family::V6, .high = high, .low = in.u64()};
}

NetworkMatcher::NetworkMatcher(const Cidr& network)
    : base_{bits_of(network.base())},
      high_mask_{leading_ones(network.prefix_bits())},
      low_mask_{network.prefix_bits() > 64 ? leading_ones(network.prefix_bits() - 64) : 0} {}

Cidr NetworkMatcher::network() const {
  std::array<std::byte, 16> bytes{};
  ByteWriter out{bytes};
  if (base_.family == Family::V4) {
    out.u32(static_cast<std::uint32_t>(base_.high >> 32U));
  } else {
    out.u64(base_.high);
    out.u64(base_.low);
  }
  const int prefix_bits = std::popcount(high_mask_) + std::popcount(low_mask_);
  return Cidr::around(IpAddress::from_bytes(out.written()).value(),
                      static_cast<unsigned>(prefix_bits));
}

std::string_view name_of(PeerRule rule) {
  return kNames.at(static_cast<std::size_t>(rule));
}

std::span<const SpecialNetwork> special_networks() {
  return kSpecialNetworks;
}

EmbeddedV4 embedded_v4_of(const IpAddress& ip) {
  if (ip.is_v4() || ip.is_any() || ip.is_loopback()) return {};
  const ByteView bytes = ip.bytes();
  ByteReader in{bytes};
  const std::uint32_t first = in.u32();
  const std::uint64_t middle = (std::uint64_t{in.u32()} << 32U) | in.u32();

  const bool mapped_or_compatible = first == 0 && (middle == 0 || middle == 0xFFFFU);
  const bool nat64 = first == 0x0064FF9BU && middle == 0;
  if (mapped_or_compatible || nat64) return {{v4_at(bytes, 12), std::nullopt}};
  if (first >> 16U == 0x2002U) return {{v4_at(bytes, 2), std::nullopt}};
  if (first == 0x20010000U) return {{inverted(v4_at(bytes, 12).value()), v4_at(bytes, 4)}};
  return {};
}

}  // namespace icebreaker::turn
