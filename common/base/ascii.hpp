// Letters of ASCII, whatever the locale: what ABNFs and HTTP mean by "case-insensitive".
#pragma once

#include <algorithm>
#include <string_view>

namespace icebreaker {

constexpr char ascii_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, ascii_lower, ascii_lower);
}

}  // namespace icebreaker
