#include "common/base/hex.hpp"

#include <array>

#include <gtest/gtest.h>

namespace icebreaker {
namespace {

TEST(Hex, GivesEachByteTwoLowerCaseDigits) {
  EXPECT_EQ(hex_of(bytes_of({"\x00\x0F\xA0\xFF", 4})), "000fa0ff");
  EXPECT_EQ(hex_of({}), "");
}

TEST(Hex, PutsDigitsOnlyWhereTheyBelong) {
  std::array<char, 6> text{'.', '.', '.', '.', '.', '.'};

  put_hex(std::span{text}.subspan(1, 4), bytes_of("Az"));

  EXPECT_EQ((std::string_view{text.data(), text.size()}), ".417a.");
}

}  // namespace
}  // namespace icebreaker
