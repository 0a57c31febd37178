// Attributes of connectivity checks (RFC 8445 §7.1, §16.1).
#pragma once

#include "common/stun/attribute_shapes.hpp"

namespace icebreaker::stun {

struct Priority : U32Attribute<AttributeType::Priority> {};

struct UseCandidate : FlagAttribute<AttributeType::UseCandidate> {};

// The tie-breaker value.
struct IceControlled : U64Attribute<AttributeType::IceControlled> {};

struct IceControlling : U64Attribute<AttributeType::IceControlling> {};

}  // namespace icebreaker::stun
