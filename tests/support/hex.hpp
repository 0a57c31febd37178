// Test data as hexadecimal text.
#pragma once

#include <stdexcept>
#include <string_view>
#include <vector>

#include "common/base/bytes.hpp"
#include "common/base/hex.hpp"  // for failure messages
#include "common/base/parse_number.hpp"

namespace icebreaker {

// White space between bytes is skipped; throws on anything else that is not a pair of digits.
inline std::vector<std::byte> bytes_of_hex(std::string_view text) {
  std::vector<std::byte> bytes;
  while (!text.empty()) {
    if (text.front() == ' ' || text.front() == '\n') {
      text.remove_prefix(1);
      continue;
    }
    const std::string_view pair = text.substr(0, 2);
    const auto value = parse_number<std::uint8_t>(pair, 16);
    if (pair.size() != 2 || !value) throw std::invalid_argument{"not hex"};
    bytes.push_back(std::byte{*value});
    text.remove_prefix(2);
  }
  return bytes;
}

}  // namespace icebreaker
