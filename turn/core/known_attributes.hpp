// Which comprehension-required attributes each method knows; any other is answered with 420.
#pragma once

#include <span>

#include "common/stun/attribute_type.hpp"
#include "common/stun/message.hpp"

namespace icebreaker::turn {

// Empty for methods that this server does not handle.
std::span<const stun::AttributeType> known_attributes(stun::Method method);

}  // namespace icebreaker::turn
