#include "common/base/parse_number.hpp"

#include <cstdint>

#include <gtest/gtest.h>

namespace icebreaker {
namespace {

TEST(ParseNumber, ReadsEveryValueOfItsType) {
  EXPECT_EQ(parse_number<std::uint16_t>("0"), 0);
  EXPECT_EQ(parse_number<std::uint16_t>("65535"), 65'535);
  EXPECT_EQ(parse_number<std::uint64_t>("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(parse_number<int>("-2147483648"), INT32_MIN);
}

TEST(ParseNumber, RefusesWhatDoesNotFit) {
  EXPECT_FALSE(parse_number<std::uint16_t>("65536"));
  EXPECT_FALSE(parse_number<std::uint8_t>("100", 16));
  EXPECT_FALSE(parse_number<std::uint64_t>("18446744073709551616"));
}

TEST(ParseNumber, RefusesTextThatIsNotAllNumber) {
  for (const auto* text : {"", " 1", "1 ", "1x", "+1", "-1", "-", "0x1", "1.0", "١"}) {
    EXPECT_FALSE(parse_number<std::uint32_t>(text)) << text;
  }
  EXPECT_FALSE(parse_number<std::uint32_t>({"1\0", 2}));
}

TEST(ParseNumber, ReadsOnlyTheViewAndNotBehindIt) {
  const std::string_view text = "12345";

  EXPECT_EQ(parse_number<int>(text.substr(1, 2)), 23);
}

TEST(ParseNumber, ReadsHexadecimalOfBothCases) {
  EXPECT_EQ(parse_number<std::uint8_t>("fF", 16), 0xFF);
  EXPECT_FALSE(parse_number<std::uint8_t>("fg", 16));
}

}  // namespace
}  // namespace icebreaker
