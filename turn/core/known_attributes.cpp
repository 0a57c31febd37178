#include "turn/core/known_attributes.hpp"

#include <array>

namespace icebreaker::turn {
namespace {

using enum stun::AttributeType;

constexpr auto kAllocate = std::to_array<stun::AttributeType>({
    Username,
    Realm,
    Nonce,
    MessageIntegrity,
    MessageIntegritySha256,
    RequestedTransport,
    Lifetime,
    RequestedAddressFamily,
    EvenPort,
    ReservationToken,
});
constexpr auto kRefresh = std::to_array<stun::AttributeType>({
    Username,
    Realm,
    Nonce,
    MessageIntegrity,
    MessageIntegritySha256,
    Lifetime,
    RequestedAddressFamily,
});
constexpr auto kCreatePermission = std::to_array<stun::AttributeType>({
    Username,
    Realm,
    Nonce,
    MessageIntegrity,
    MessageIntegritySha256,
    XorPeerAddress,
});
constexpr auto kChannelBind = std::to_array<stun::AttributeType>({
    Username,
    Realm,
    Nonce,
    MessageIntegrity,
    MessageIntegritySha256,
    XorPeerAddress,
    ChannelNumber,
});
constexpr auto kSend = std::to_array<stun::AttributeType>({XorPeerAddress, Data});

}  // namespace

std::span<const stun::AttributeType> known_attributes(stun::Method method) {
  switch (method) {
    case stun::Method::Allocate:
      return kAllocate;
    case stun::Method::Refresh:
      return kRefresh;
    case stun::Method::CreatePermission:
      return kCreatePermission;
    case stun::Method::ChannelBind:
      return kChannelBind;
    case stun::Method::Send:
      return kSend;
    default:
      return {};
  }
}

}  // namespace icebreaker::turn
