#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "common/crypto/long_term_key.hpp"
#include "common/crypto/opaque_string.hpp"
#include "common/crypto/turn_rest.hpp"
#include "tests/support/hex.hpp"

namespace icebreaker::crypto {
namespace {

using namespace std::chrono_literals;

// RFC 8489 §9.2.2 gives this key for user, realm and pass.
TEST(LongTermKey, Md5MatchesTheRfcsExample) {
  EXPECT_EQ(hex_of(long_term_key_md5("user", "realm", "pass")), "8493fbc53ba582fb4c044c456bdc40eb");
}

TEST(LongTermKey, Sha256HashesTheSameText) {
  EXPECT_EQ(long_term_key_sha256("user", "realm", "pass"), sha256(bytes_of("user:realm:pass")));
  EXPECT_EQ(userhash("user", "realm"), sha256(bytes_of("user:realm")));
}

TEST(TurnRest, MintsWhatTheOpensslCommandComputes) {
  const auto minted =
      mint_turn_rest_credentials("north", "alice", WallTime{1'700'000'000s + 999ms});

  EXPECT_EQ(minted.username, "1700000000:alice");
  EXPECT_EQ(minted.password, "Cd/49soE35ICqcJF/bCTn8Z4OyE=");
  EXPECT_EQ(turn_rest_password("north", minted.username), minted.password);
  EXPECT_NE(turn_rest_password("south", minted.username), minted.password);
}

TEST(TurnRest, ReadsExpiryAndId) {
  const auto whole = parse_turn_rest_username("1700000000:alice:laptop");
  ASSERT_TRUE(whole.has_value());
  EXPECT_EQ(whole->expires_at, WallTime{1'700'000'000s});
  EXPECT_EQ(whole->id, "alice:laptop");

  const auto bare = parse_turn_rest_username("1700000000");
  ASSERT_TRUE(bare.has_value());
  EXPECT_EQ(bare->id, "");
}

TEST(TurnRest, ClampsAnExpiryThatTimePointsCannotSay) {
  EXPECT_EQ(parse_turn_rest_username("18446744073709551615:x")->expires_at, WallTime::max());
  EXPECT_EQ(parse_turn_rest_username("9999999999:x")->expires_at, WallTime::max());
}

TEST(TurnRest, TakesNothingElseForAnExpiry) {
  for (const std::string text : {"", ":", "alice", "alice:1700000000", "-5:alice", "+5:alice",
                                 " 5:alice", "5x:alice", "18446744073709551616:alice"}) {
    EXPECT_FALSE(parse_turn_rest_username(text).has_value()) << text;
  }
}

TEST(OpaqueString, KeepsOrdinaryTextInAnyScript) {
  for (const std::string text : {"alice", "correct horse", "マトリックス", "Grüße", "🧊"}) {
    EXPECT_EQ(prepare_opaque_string(text), text);
  }
}

TEST(OpaqueString, MapsEverySpaceToTheAsciiOne) {
  EXPECT_EQ(prepare_opaque_string("a\u00A0b\u3000c"), "a b c");
}

TEST(OpaqueString, RefusesControlsInvisiblesAndMalformedUtf8) {
  using namespace std::string_literals;
  for (const std::string& text :
       {""s, "a\0b"s, "a\nb"s, "a\x7F"s, "a\u0085"s, "The\u00ADMatrix"s, "a\u200B"s, "\uFFFF"s,
        "\xC3"s, "\xC0\xAF"s, "\xE0\x80\x80"s, "\xED\xA0\x80"s, "\xF4\x90\x80\x80"s, "\xFF"s,
        "\xE3\x83"s, "\xC3\x28"s}) {
    EXPECT_FALSE(prepare_opaque_string(text).has_value()) << hex_of(bytes_of(text));
  }
}

}  // namespace
}  // namespace icebreaker::crypto
