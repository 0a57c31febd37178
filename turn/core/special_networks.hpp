// The special-purpose networks of RFC 6890 and of IANA's registries, which a relay must not reach
// on a stranger's behalf, and the IPv4 addresses that hide inside IPv6 ones.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "common/base/address.hpp"

namespace icebreaker::turn {

// A CIDR prepared for comparing on the data path.
class NetworkMatcher {
 public:
  explicit NetworkMatcher(const Cidr& network);

  // Two halves of an address, most significant first; IPv4 starts at the top bit of `high`.
  struct Bits {
    Family family = Family::V4;
    std::uint64_t high = 0;
    std::uint64_t low = 0;
  };

  static Bits bits_of(const IpAddress& ip);

  [[nodiscard]] Cidr network() const;

  [[nodiscard]] bool contains(const Bits& ip) const {
    return ip.family == base_.family && ((ip.high ^ base_.high) & high_mask_) == 0 &&
           ((ip.low ^ base_.low) & low_mask_) == 0;
  }

 private:
  Bits base_;
  std::uint64_t high_mask_;
  std::uint64_t low_mask_;
};

// Why a peer address is refused; the names are metric labels and log words.
enum class PeerRule : std::uint8_t {
  Allowed,
  Unspecified,
  ThisNetwork,
  Loopback,
  LinkLocal,
  Private,
  SharedAddressSpace,
  ProtocolAssignment,
  Documentation,
  Benchmarking,
  Multicast,
  Broadcast,
  Reserved,
  UniqueLocal,
  SiteLocal,
  Discard,
  Translation,
  Unassigned,
  Denied,       // peers.deny of the configuration
  OwnEndpoint,  // a listener or metrics endpoint of this server
  OwnHost,      // a relay address of ours, but no relay port
  Count,
};

std::string_view name_of(PeerRule rule);

struct SpecialNetwork {
  std::string_view cidr;
  PeerRule rule;
};

// More specific networks come first.
std::span<const SpecialNetwork> special_networks();

// The IPv4 addresses that packets to an IPv6 address may end up at: v4-mapped and v4-compatible
// (RFC 4291 §2.5.5), NAT64 (RFC 6052 §2.1), 6to4 (RFC 3056 §2), Teredo's server and client
// (RFC 4380 §4). Nothing for every other address.
struct EmbeddedV4 {
  std::array<std::optional<IpAddress>, 2> addresses;

  [[nodiscard]] bool empty() const { return !addresses.front().has_value(); }
};

EmbeddedV4 embedded_v4_of(const IpAddress& ip);

}  // namespace icebreaker::turn
