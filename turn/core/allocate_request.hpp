// What an Allocate asks for, as far as the message alone tells.
#pragma once

#include <array>
#include <chrono>
#include <expected>
#include <optional>

#include "common/base/address.hpp"
#include "common/stun/error_code.hpp"
#include "common/stun/message.hpp"
#include "common/stun/turn_attributes.hpp"
#include "turn/core/effects.hpp"

namespace icebreaker::turn {

struct AllocateRequest {
  std::optional<ReservationToken> token;  // then the families are those of what it stands for
  Family family = Family::V4;
  std::optional<Family> additional;
  PortParity parity = PortParity::Any;
  bool reserves_next_port = false;
  std::chrono::seconds lifetime{0};  // as granted
};

// RFC 8656 §7.2, steps 3 to 9.
std::expected<AllocateRequest, stun::ErrorCode> parse_allocate_request(
    const stun::MessageView& message);

}  // namespace icebreaker::turn
