// The character classes and tokens that the grammar of candidates borrows from other RFCs.
// Used by this layer only.
#pragma once

#include <algorithm>
#include <charconv>
#include <concepts>
#include <optional>
#include <string_view>
#include <system_error>

#include "common/base/ascii.hpp"

namespace icebreaker::ice {

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

constexpr bool is_alphanumeric(char c) {
  return is_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z');
}

// RFC 8839 §5.1: ice-char = ALPHA / DIGIT / "+" / "/"
constexpr bool is_ice_char(char c) {
  return is_alphanumeric(c) || c == '+' || c == '/';
}

// RFC 3261 §25.1: token
constexpr bool is_token_char(char c) {
  return is_alphanumeric(c) || std::string_view{"-.!%*_+`'~"}.contains(c);
}

constexpr bool is_visible(char c) {
  return c > ' ' && c < '\x7F';
}

constexpr bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_token_char);
}

// Literals of an ABNF are case-insensitive (RFC 5234).
constexpr bool same_token(std::string_view a, std::string_view b) {
  return equal_ignoring_case(a, b);
}

// Decimal digits only, and not more of them than the grammar has room for.
template <std::unsigned_integral T>
std::optional<T> parse_number(std::string_view text, std::size_t max_digits) {
  if (text.empty() || text.size() > max_digits || !std::ranges::all_of(text, is_digit)) {
    return std::nullopt;
  }
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} ? std::optional{value} : std::nullopt;
}

}  // namespace icebreaker::ice
