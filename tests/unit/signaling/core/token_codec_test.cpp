#include "signaling/core/token_codec.hpp"

#include <gtest/gtest.h>

namespace icebreaker::signaling {
namespace {

using namespace std::chrono_literals;

constexpr Now kNow{MonoTime{1h}, WallTime{std::chrono::hours{24 * 365 * 50}}};

Standing standing() {
  return {{"p1"}, "ann", Membership{"lobby", "Ann", Role::Polite, 4}, "rooms=lobby"};
}

TEST(TokenCodec, GivesBackAllThatItSigned) {
  const TokenCodec codec{{"secret"}, 24h};
  const Standing alone{{"p2"}, "", std::nullopt, std::string(kMaxGrantsBytes, 'x')};

  EXPECT_EQ(codec.verify(kNow, codec.mint(kNow, standing())), standing());
  EXPECT_EQ(codec.verify(kNow, codec.mint(kNow, alone)), alone);
}

TEST(TokenCodec, TakesEverySecretWhileTheyRotate) {
  const std::string old = TokenCodec{{"old"}, 24h}.mint(kNow, standing());

  EXPECT_TRUE((TokenCodec{{"new", "old"}, 24h}.verify(kNow, old)));
  EXPECT_FALSE((TokenCodec{{"new"}, 24h}.verify(kNow, old)));
}

TEST(TokenCodec, RefusesWhatIsTooOldOrChanged) {
  const TokenCodec codec{{"secret"}, 1h};
  const std::string token = codec.mint(kNow, standing());
  const Now later{kNow.mono + 1h, kNow.wall + 1h};

  EXPECT_FALSE(codec.verify(later, token));
  for (std::size_t i = 0; i < token.size(); ++i) {
    EXPECT_FALSE(codec.verify(kNow, std::string_view{token}.substr(0, i))) << i;
  }
  // The unused low bits of the last letter may come out the same.
  for (std::size_t i = 0; i + 1 < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(codec.verify(kNow, changed)) << i;
  }
}

}  // namespace
}  // namespace icebreaker::signaling
