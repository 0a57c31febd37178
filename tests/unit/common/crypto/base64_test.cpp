#include "common/crypto/base64.hpp"

#include <array>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include "common/crypto/system_random.hpp"

namespace icebreaker::crypto {
namespace {

// RFC 4648 §10.
constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kExamples{
    {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foobar", "Zm9vYmFy"}}};

TEST(Base64, MatchesTheRfcsExamplesInBothDirections) {
  for (const auto& [plain, encoded] : kExamples) {
    EXPECT_EQ(base64_encode(bytes_of(plain)), encoded);
    const auto decoded = base64_decode(encoded);
    ASSERT_TRUE(decoded.has_value()) << encoded;
    EXPECT_EQ(text_of(*decoded), plain);
  }
}

TEST(Base64, RefusesWhatNoEncoderWrites) {
  for (const std::string_view text : {"Zg", "Zg=", "Zg==Zg==", "Z===", "====", " Zg==", "Zg==\n",
                                      "Zh==", "Zm9=", "Zm9v\n\n\n\n", "Z-9v", "Zm=v"}) {
    EXPECT_FALSE(base64_decode(text).has_value()) << text;
  }
}

TEST(SystemRandom, FillsTheWholeBufferDifferentlyEachTime) {
  SystemRandom random;
  std::array<std::byte, 64> first{};
  std::array<std::byte, 64> second{};

  random.fill(first);
  random.fill(second);
  random.fill({});

  EXPECT_NE(first, second);
  EXPECT_NE(text_of(ByteView{first}.last(16)), std::string(16, '\0'));
}

}  // namespace
}  // namespace icebreaker::crypto
