#include "common/crypto/opaque_string.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

namespace icebreaker::crypto {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

// General category Zs, but for U+0020.
constexpr std::array kSpaces{Range{0x00A0, 0x00A0}, Range{0x1680, 0x1680}, Range{0x2000, 0x200A},
                             Range{0x202F, 0x202F}, Range{0x205F, 0x205F}, Range{0x3000, 0x3000}};

// RFC 8264 §9.12 (controls), §9.13 (default-ignorable code points and noncharacters) and the line
// and paragraph separators.
constexpr std::array kRefused{
    Range{0x0000, 0x001F},   Range{0x007F, 0x009F},   Range{0x00AD, 0x00AD},
    Range{0x034F, 0x034F},   Range{0x061C, 0x061C},   Range{0x115F, 0x1160},
    Range{0x17B4, 0x17B5},   Range{0x180B, 0x180F},   Range{0x200B, 0x200F},
    Range{0x2028, 0x202E},   Range{0x2060, 0x206F},   Range{0x3164, 0x3164},
    Range{0xFDD0, 0xFDEF},   Range{0xFE00, 0xFE0F},   Range{0xFEFF, 0xFEFF},
    Range{0xFFA0, 0xFFA0},   Range{0xFFF0, 0xFFF8},   Range{0x1BCA0, 0x1BCA3},
    Range{0x1D173, 0x1D17A}, Range{0xE0000, 0xE0FFF},
};

bool is_in(std::span<const Range> ranges, char32_t code) {
  return std::ranges::any_of(
      ranges, [code](const Range& range) { return range.first <= code && code <= range.last; });
}

bool is_noncharacter(char32_t code) {
  return (code & 0xFFFEU) == 0xFFFEU;
}

struct CodePoint {
  char32_t value = 0;
  std::size_t bytes = 0;
};

std::size_t sequence_bytes(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

// RFC 3629 §4: shortest form only, no surrogates, at most U+10FFFF.
std::optional<CodePoint> first_code_point(std::string_view text) {
  constexpr std::array<char32_t, 5> kSmallest{0, 0, 0x80, 0x800, 0x10000};
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t bytes = sequence_bytes(lead);
  if (bytes == 0 || bytes > text.size()) return std::nullopt;
  char32_t value = bytes == 1 ? lead : lead & (0x7FU >> bytes);
  for (const char each : text.substr(1, bytes - 1)) {
    const auto next = static_cast<unsigned char>(each);
    if ((next & 0xC0U) != 0x80U) return std::nullopt;
    value = (value << 6U) | (next & 0x3FU);
  }
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (value < kSmallest.at(bytes) || value > 0x10FFFF || surrogate) return std::nullopt;
  return CodePoint{value, bytes};
}

}  // namespace

std::optional<std::string> prepare_opaque_string(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::string prepared;
  prepared.reserve(text.size());
  while (!text.empty()) {
    const auto code = first_code_point(text);
    if (!code || is_in(kRefused, code->value) || is_noncharacter(code->value)) return std::nullopt;
    if (is_in(kSpaces, code->value)) {
      prepared += ' ';
    } else {
      prepared += text.substr(0, code->bytes);
    }
    text.remove_prefix(code->bytes);
  }
  return prepared;
}

}  // namespace icebreaker::crypto
