#include "turn/core/known_attributes.hpp"

#include <algorithm>
#include <array>

namespace icebreaker::turn {
namespace {

using enum stun::AttributeType;

constexpr auto kCredentials = std::to_array<stun::AttributeType>({
    Username,
    Userhash,
    Realm,
    Nonce,
    PasswordAlgorithm,
    MessageIntegrity,
    MessageIntegritySha256,
});

template <class... Types>
constexpr auto credentials_and(Types... types) {
  std::array<stun::AttributeType, kCredentials.size() + sizeof...(types)> known{};
  const auto rest = std::ranges::copy(kCredentials, known.begin()).out;
  std::ranges::copy(std::array{types...}, rest);
  return known;
}

constexpr auto kAllocate =
    credentials_and(RequestedTransport, Lifetime, RequestedAddressFamily, EvenPort,
                    ReservationToken, AdditionalAddressFamily, DontFragment);
constexpr auto kRefresh = credentials_and(Lifetime, RequestedAddressFamily);
constexpr auto kCreatePermission = credentials_and(XorPeerAddress);
constexpr auto kChannelBind = credentials_and(XorPeerAddress, ChannelNumber);
constexpr auto kSend = std::to_array<stun::AttributeType>({XorPeerAddress, Data, DontFragment});

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
