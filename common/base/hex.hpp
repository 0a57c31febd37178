// Bytes as hexadecimal text, two lower-case digits each.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "common/base/bytes.hpp"

namespace icebreaker {

// `target` has room for 2 * bytes.size().
inline void put_hex(std::span<char> target, ByteView bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (std::size_t index = 0; index < bytes.size(); ++index) {
    const auto value = std::to_integer<std::size_t>(bytes[index]);
    target[2 * index] = kDigits.at(value >> 4U);
    target[2 * index + 1] = kDigits.at(value & 0xFU);
  }
}

inline std::string hex_of(ByteView bytes) {
  std::string text(2 * bytes.size(), '\0');
  put_hex(text, bytes);
  return text;
}

}  // namespace icebreaker
