// The words for outcomes, as logs and metric labels carry them.
#include <array>
#include <cstddef>
#include <string_view>

#include "turn/core/auth_failure.hpp"
#include "turn/core/effects.hpp"
#include "turn/core/verdict.hpp"

namespace icebreaker::turn {

std::string_view name_of(AuthFailure failure) {
  static constexpr auto kNames = std::to_array<std::string_view>({
      "none",
      "no-credentials",
      "missing-attribute",
      "altered-algorithms",
      "invalid-username",
      "unknown-user",
      "wrong-realm",
      "wrong-password",
      "wrong-secret",
      "expired-credential",
      "stale-nonce",
      "other-user",
  });
  static_assert(kNames.size() == static_cast<std::size_t>(AuthFailure::Count));
  return kNames.at(static_cast<std::size_t>(failure));
}

std::string_view name_of(stun::Method method) {
  switch (method) {
    case stun::Method::Binding:
      return "binding";
    case stun::Method::Allocate:
      return "allocate";
    case stun::Method::Refresh:
      return "refresh";
    case stun::Method::CreatePermission:
      return "create-permission";
    case stun::Method::ChannelBind:
      return "channel-bind";
    default:
      return "other";
  }
}

std::string_view name_of(Drop drop) {
  static constexpr auto kNames = std::to_array<std::string_view>({
      "not-turn",
      "malformed-stun",
      "wrong-fingerprint",
      "unexpected-stun",
      "malformed-channel-data",
      "malformed-indication",
      "no-allocation",
      "no-channel",
      "no-permission",
      "peer-refused",
      "relay-opening",
      "over-budget",
      "client-too-slow",
      "over-bandwidth",
      "too-long",
      "unreported-icmp",
  });
  static_assert(kNames.size() == static_cast<std::size_t>(Drop::Count));
  return kNames.at(static_cast<std::size_t>(drop));
}

std::string_view name_of(QuotaRefusal refusal) {
  static constexpr auto kNames = std::to_array<std::string_view>({"user", "network", "server"});
  static_assert(kNames.size() == static_cast<std::size_t>(QuotaRefusal::Count));
  return kNames.at(static_cast<std::size_t>(refusal));
}

std::string_view name_of(AllocationUse use) {
  static constexpr auto kNames = std::to_array<std::string_view>({
      "worked",
      "peers-refused",
      "never-asked-for-peer",
      "never-sent",
      "sent-without-permission",
      "peer-never-answered",
      "answered-without-permission",
  });
  static_assert(kNames.size() == static_cast<std::size_t>(AllocationUse::Count));
  return kNames.at(static_cast<std::size_t>(use));
}

std::string_view name_of(EndReason reason) {
  static constexpr auto kNames =
      std::to_array<std::string_view>({"expired", "released", "shutdown", "link-closed"});
  return kNames.at(static_cast<std::size_t>(reason));
}

}  // namespace icebreaker::turn
