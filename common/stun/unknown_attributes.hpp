// Which attributes of a message a method must answer with 420 (RFC 8489 §6.3.1).
#pragma once

#include <span>

#include "common/stun/attribute_type.hpp"
#include "common/stun/message.hpp"
#include "common/stun/stun_attributes.hpp"

namespace icebreaker::stun {

// The comprehension-required attributes that are not among `known`, each once, in order; the value
// of UNKNOWN-ATTRIBUTES. Past its capacity the rest is left out: one is enough for a 420.
AttributeTypeList unknown_attributes(const MessageView& message,
                                     std::span<const AttributeType> known);

}  // namespace icebreaker::stun
