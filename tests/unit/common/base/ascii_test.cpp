#include "common/base/ascii.hpp"

#include <gtest/gtest.h>

namespace icebreaker {
namespace {

TEST(Ascii, ComparesLettersOfEitherCaseAsEqual) {
  EXPECT_TRUE(equal_ignoring_case("Content-Type", "cONTENT-tYPE"));
  EXPECT_TRUE(equal_ignoring_case("", ""));
  EXPECT_FALSE(equal_ignoring_case("a", "ab"));
}

TEST(Ascii, TellsApartWhatDiffersOnlyInTheBitOfTheCase) {
  EXPECT_FALSE(equal_ignoring_case("[", "{"));
  EXPECT_FALSE(equal_ignoring_case("@", "`"));
  EXPECT_FALSE(equal_ignoring_case("\xC4", "\xE4"));
}

}  // namespace
}  // namespace icebreaker
