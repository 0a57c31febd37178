// How long an allocation may live after an Allocate or Refresh.
#pragma once

#include <algorithm>
#include <chrono>
#include <expected>

#include "common/stun/error_code.hpp"
#include "common/stun/message.hpp"
#include "common/stun/turn_attributes.hpp"

namespace icebreaker::turn {

inline constexpr std::chrono::seconds kDefaultLifetime{600};
inline constexpr std::chrono::seconds kMaxLifetime{3600};

inline std::expected<std::chrono::seconds, stun::ErrorCode> wanted_lifetime(
    const stun::MessageView& message) {
  const auto wanted = message.get<stun::Lifetime>();
  if (wanted) return *wanted;
  if (wanted.error() == stun::AttributeError::Absent) return kDefaultLifetime;
  return std::unexpected(stun::ErrorCode::BadRequest);
}

// RFC 8656 §7.2: never below the default, never above the server's maximum.
inline std::expected<std::chrono::seconds, stun::ErrorCode> granted_lifetime(
    const stun::MessageView& message) {
  const auto wanted = wanted_lifetime(message);
  if (!wanted) return wanted;
  return std::clamp(*wanted, kDefaultLifetime, kMaxLifetime);
}

}  // namespace icebreaker::turn
