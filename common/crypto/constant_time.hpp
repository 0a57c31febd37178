// Comparison of secrets whose duration tells nothing about where they differ.
#pragma once

#include "common/base/bytes.hpp"

namespace icebreaker::crypto {

// Different lengths are unequal at once: lengths are no secret here.
bool constant_time_equal(ByteView left, ByteView right);

}  // namespace icebreaker::crypto
