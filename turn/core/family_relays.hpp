// The relay sockets of one allocation: at most one of each address family (RFC 8656 §2.2), each
// with an end of its own.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>

#include "common/base/address.hpp"
#include "common/base/time.hpp"
#include "common/stun/error_code.hpp"

namespace icebreaker::turn {

inline constexpr std::array kFamilies{Family::V4, Family::V6};

enum class RelayState : std::uint8_t { Absent, Opening, Open };

struct FamilyRelay {
  RelayState state = RelayState::Absent;
  stun::ErrorCode refused{};  // of a family that was asked for and is not there
  RelayAddress relayed{};     // as clients and peers see it; set when Open
  MonoTime expires_at{};
};

class FamilyRelays {
 public:
  [[nodiscard]] FamilyRelay& of(Family family) { return relays_[index_of(family)]; }

  [[nodiscard]] const FamilyRelay& of(Family family) const { return relays_[index_of(family)]; }

  [[nodiscard]] bool has(RelayState state) const {
    return std::ranges::any_of(relays_, [&](const auto& each) { return each.state == state; });
  }

  [[nodiscard]] bool open(Family family, MonoTime now) const {
    const FamilyRelay& relay = of(family);
    return relay.state == RelayState::Open && relay.expires_at > now;
  }

  // Of what is there.
  [[nodiscard]] MonoTime first_end() const {
    MonoTime first = MonoTime::max();
    for (const FamilyRelay& each : relays_) {
      if (each.state != RelayState::Absent) first = std::min(first, each.expires_at);
    }
    return first;
  }

  [[nodiscard]] MonoTime last_end() const {
    MonoTime last{};
    for (const FamilyRelay& each : relays_) {
      if (each.state != RelayState::Absent) last = std::max(last, each.expires_at);
    }
    return last;
  }

 private:
  static constexpr std::size_t index_of(Family family) { return family == Family::V4 ? 0 : 1; }

  std::array<FamilyRelay, kFamilies.size()> relays_{};
};

}  // namespace icebreaker::turn
