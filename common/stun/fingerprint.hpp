// The checksum inside FINGERPRINT.
#pragma once

#include <cstdint>

#include "common/base/bytes.hpp"

namespace icebreaker::stun {

// RFC 8489 §14.7 over the bytes before the attribute, whose length field already counts it.
std::uint32_t fingerprint_of(ByteView message_before_attribute);

}  // namespace icebreaker::stun
