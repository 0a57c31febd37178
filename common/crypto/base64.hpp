// Base64 with padding and the standard alphabet (RFC 4648 §4).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/bytes.hpp"

namespace icebreaker::crypto {

std::string base64_encode(ByteView bytes);

// Strict: no white space, no missing padding, no bits set in what padding leaves unused.
std::optional<std::vector<std::byte>> base64_decode(std::string_view text);

}  // namespace icebreaker::crypto
