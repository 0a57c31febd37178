#include "turn/core/nonce.hpp"

#include <chrono>

#include <gtest/gtest.h>

#include "tests/unit/turn/core/relay_fixture.hpp"

namespace icebreaker::turn::test {
namespace {

using stun::Method;

constexpr NonceSecret kSecretOfWorkers{std::byte{7}};
constexpr MonoTime kStart{1h};
constexpr std::string_view kCookie = "obMatJos2gAAA";

SecurityFeatures algorithms() {
  return SecurityFeatures{}.with(SecurityFeature::PasswordAlgorithms);
}

ClientAddress from(std::string_view text) {
  return ClientAddress{address(text)};
}

std::string text_of_nonce(const NonceMaker& maker, MonoTime now, std::string_view client) {
  const NonceMaker::Text text = maker.make(now, from(client));
  return {text.data(), text.size()};
}

class Nonces : public RelayFixture {};

// RFC 8489 §18.1: bit 0 is the leftmost.
TEST(NonceCookie, CarriesTheFeaturesAsBase64) {
  const auto cookie_of = [](SecurityFeatures features) {
    const auto cookie = features.cookie();
    return std::string{cookie.data(), cookie.size()};
  };

  EXPECT_EQ(cookie_of({}), "obMatJos2AAAA");
  EXPECT_EQ(cookie_of(algorithms()), "obMatJos2gAAA");
  EXPECT_EQ(cookie_of(algorithms().with(SecurityFeature::UsernameAnonymity)), "obMatJos2wAAA");
}

TEST(NonceCookie, IsFoundInNoncesThatHaveOne) {
  const auto found = SecurityFeatures::in_nonce("obMatJos2gAAAand the rest");
  ASSERT_TRUE(found.has_value());
  EXPECT_TRUE(found->has(SecurityFeature::PasswordAlgorithms));
  EXPECT_FALSE(found->has(SecurityFeature::UsernameAnonymity));
  EXPECT_TRUE(SecurityFeatures::in_nonce("obMatJos2QAAA")->has(SecurityFeature::UsernameAnonymity));

  for (const auto* nonce : {"", "obMatJos2", "obMatJos2gAA", "obMatJos3gAAA", "obMatJos2g?AA",
                            "obMatJos2gAA=", "f//499k954d6OL34oL9FSTvy64sA"}) {
    EXPECT_FALSE(SecurityFeatures::in_nonce(nonce).has_value()) << nonce;
  }
}

TEST(NonceMaker, MakesNoncesThatEveryWorkerTakes) {
  const NonceMaker one{kSecretOfWorkers, algorithms()};
  const NonceMaker other{kSecretOfWorkers, algorithms()};
  const NonceMaker stranger{NonceSecret{std::byte{8}}, algorithms()};

  const std::string nonce = text_of_nonce(one, kStart, "192.0.2.1:1");

  EXPECT_TRUE(other.valid(nonce, kStart, from("192.0.2.1:1")));
  EXPECT_FALSE(stranger.valid(nonce, kStart, from("192.0.2.1:1")));
}

// RFC 8489 §9.2.4: never the same for two addresses or ports.
TEST(NonceMaker, MakesNoncesForOneAddressAndPort) {
  const NonceMaker maker{kSecretOfWorkers, algorithms()};
  const std::string nonce = text_of_nonce(maker, kStart, "192.0.2.1:1");

  for (const auto* other :
       {"192.0.2.1:2", "192.0.2.2:1", "[::ffff:192.0.2.1]:1", "[2001:db8::1]:1", "192.0.2.1:257"}) {
    EXPECT_NE(text_of_nonce(maker, kStart, other), nonce) << other;
    EXPECT_FALSE(maker.valid(nonce, kStart, from(other))) << other;
  }
}

TEST(NonceMaker, TakesNoncesFromTheirFirstToTheirLastSecond) {
  const NonceMaker maker{kSecretOfWorkers, algorithms()};
  const std::string nonce = text_of_nonce(maker, kStart, "192.0.2.1:1");
  const auto is_valid = [&](MonoTime now) { return maker.valid(nonce, now, from("192.0.2.1:1")); };

  EXPECT_FALSE(is_valid(kStart - 1s));
  EXPECT_TRUE(is_valid(kStart));
  EXPECT_TRUE(is_valid(kStart + kNonceLifetime - 1s));
  EXPECT_FALSE(is_valid(kStart + kNonceLifetime));
  // Where 32 bits of seconds begin anew.
  const MonoTime late{std::chrono::seconds{0xFFFF'FFFFU}};
  const std::string last = text_of_nonce(maker, late, "192.0.2.1:1");
  EXPECT_TRUE(maker.valid(last, late + 2s, from("192.0.2.1:1")));
}

TEST(NonceMaker, ForgetsNoncesOfOtherFeatures) {
  const NonceMaker before{kSecretOfWorkers, algorithms()};
  const NonceMaker after{kSecretOfWorkers, algorithms().with(SecurityFeature::UsernameAnonymity)};

  const std::string nonce = text_of_nonce(before, kStart, "192.0.2.1:1");

  EXPECT_FALSE(after.valid(nonce, kStart, from("192.0.2.1:1")));
}

TEST(NonceMaker, TakesNoOtherByteInAnyPlace) {
  const NonceMaker maker{kSecretOfWorkers, algorithms()};
  const std::string nonce = text_of_nonce(maker, kStart, "192.0.2.1:1");
  ASSERT_EQ(nonce.size(), NonceMaker::kTextBytes);
  for (std::size_t index = 0; index < nonce.size(); ++index) {
    for (const char other : {'0', '1', 'A', 'a', 'F', '\0'}) {
      std::string altered = nonce;
      if (altered[index] == other) continue;
      altered[index] = other;
      EXPECT_FALSE(maker.valid(altered, kStart, from("192.0.2.1:1"))) << altered;
    }
  }
  for (const std::string& other : {std::string{}, nonce + "0", nonce.substr(1)}) {
    EXPECT_FALSE(maker.valid(other, kStart, from("192.0.2.1:1"))) << other;
  }
}

TEST_F(Nonces, AreAnsweredWith438AndAFreshOneWhenTheyExpired) {
  TurnClient alice = client();
  advance(kNonceLifetime - 1s);
  EXPECT_EQ(error_of(alice, alice.request(Method::Allocate)), 400);

  advance(1s);
  const ReceivedReply stale = exchange(alice, alice.allocate());
  EXPECT_EQ(stale.error(), 438);
  EXPECT_FALSE(stale.message().has<stun::Username>());
  EXPECT_TRUE(stale.message().has<stun::PasswordAlgorithms>());
  alice.learn(stale.message());
  EXPECT_EQ(error_of(alice, alice.allocate()), 0);
}

TEST_F(Nonces, OutliveStepsOfTheWallClock) {
  TurnClient alice = client();

  now_.wall += 24h * 365;
  EXPECT_EQ(error_of(alice, alice.allocate()), 0);
  now_.wall -= 24h * 365 * 2;
  EXPECT_EQ(error_of(alice, alice.refresh(600s)), 0);
}

TEST_F(Nonces, AreOfNoUseToAnotherAddress) {
  const TurnClient alice = client("203.0.113.5:40000");
  for (const auto* elsewhere : {"203.0.113.6:40000", "203.0.113.5:40001"}) {
    TurnClient thief = client(elsewhere);
    thief.replace_nonce(*alice.nonce());

    EXPECT_EQ(error_of(thief, thief.allocate()), 438) << elsewhere;
  }
}

TEST_F(Nonces, OfOthersAreAnsweredWith438) {
  TurnClient alice = client();
  std::string other_features = *alice.nonce();
  other_features.replace(0, kCookie.size(), "obMatJos2AAAA");

  for (const std::string& nonce :
       {other_features, std::string{}, std::string{"x"}, std::string(alice.nonce()->size(), 'z')}) {
    alice.replace_nonce(nonce);
    EXPECT_EQ(error_of(alice, alice.allocate()), 438) << nonce;
  }
}

// After a restart every client comes with a nonce that nobody knows any more.
TEST_F(Nonces, OfAnEarlierProcessAreAnsweredWith438) {
  TurnClient alice = client();
  RelayRules restarted = rules({});
  restarted.authenticator =
      Authenticator{Credentials{{.realm = "example.org", .users = {{kAlice, kPassword}}}},
                    NonceSecret{std::byte{8}}};
  relay_->reconfigure(std::move(restarted), effects_);

  const ReceivedReply stale = exchange(alice, alice.allocate());

  EXPECT_EQ(stale.error(), 438);
  alice.learn(stale.message());
  EXPECT_EQ(error_of(alice, alice.allocate()), 0);
}

}  // namespace
}  // namespace icebreaker::turn::test
