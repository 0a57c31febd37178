#include <algorithm>

#include "common/base/check.hpp"
#include "common/stun/message_builder.hpp"
#include "turn/core/relay.hpp"

namespace icebreaker::turn {
namespace {

// An error for each datagram sent is no news, and the client sends many.
constexpr std::chrono::milliseconds kIcmpInterval{100};
constexpr std::chrono::milliseconds kIcmpBurst{1000};

constexpr std::uint8_t kV4Unreachable = 3;
constexpr std::uint8_t kV4FragmentationNeeded = 4;
constexpr std::uint8_t kV4TimeExceeded = 11;
constexpr std::uint8_t kV6Unreachable = 1;
constexpr std::uint8_t kV6TooBig = 2;
constexpr std::uint8_t kV6TimeExceeded = 3;

bool is_told(Family family, std::uint8_t type) {
  if (family == Family::V4) return type == kV4Unreachable || type == kV4TimeExceeded;
  return type == kV6Unreachable || type == kV6TooBig || type == kV6TimeExceeded;
}

// RFC 8656 §18.13: zero for all others.
bool tells_mtu(Family family, const stun::Icmp::Value& icmp) {
  if (family == Family::V6) return icmp.type == kV6TooBig;
  return icmp.type == kV4Unreachable && icmp.code == kV4FragmentationNeeded;
}

}  // namespace

// RFC 8656 §11.5.
std::optional<Drop> Relay::on_icmp(Now now, RelayId via, const PeerAddress& to,
                                   const stun::Icmp::Value& icmp, Effects& out) {
  const Family family = to.value.ip.family();
  if (!is_told(family, icmp.type)) return Drop::UnreportedIcmp;
  Allocation* allocation = table_.find(via);
  if (allocation == nullptr || !allocation->relays.open(family, now.mono)) {
    return Drop::NoAllocation;
  }
  const PeerAddress peer = as_named(to);
  if (!allocation->permissions.allow(peer.value.ip, now.mono)) return Drop::NoPermission;
  MonoTime& spent_until = allocation->icmp_spent_until;
  if (spent_until > now.mono + kIcmpBurst - kIcmpInterval) return Drop::UnreportedIcmp;
  spent_until = std::max(spent_until, now.mono) + kIcmpInterval;

  stun::Icmp::Value told = icmp;
  if (!tells_mtu(family, icmp)) told.error = 0;
  effect::Reply indication{.to = allocation->client, .bytes = {}};
  stun::MessageBuilder builder{indication.bytes.buffer(), stun::MessageClass::Indication,
                               stun::Method::Data, next_indication_id()};
  builder.add<stun::XorPeerAddress>(peer).add<stun::Icmp>(told);
  indication.bytes.set_size(builder.finish().size());
  ICEBREAKER_CHECK(!indication.bytes.view().empty());
  out.emplace_back(indication);
  return std::nullopt;
}

}  // namespace icebreaker::turn
