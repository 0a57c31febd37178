#include <gtest/gtest.h>

#include "tests/support/key_pair.hpp"
#include "tests/unit/signaling/server/config_reading.hpp"

namespace icebreaker::signaling::testing {
namespace {

using namespace icebreaker::testing;
using namespace std::chrono_literals;

const std::string kSecret = "a secret of at least thirty-two bytes";

std::string with_key(const std::string& lines) {
  return "[auth]\nmode = \"jwt\"\n[[auth.keys]]\n" + lines;
}

std::string with_public_key(const std::string& algorithm, const std::string& pem) {
  return with_key("algorithm = \"" + algorithm + "\"\npublic_key = '''\n" + pem + "'''\n");
}

void expect_refused(const std::string& text, std::string_view what) {
  const std::string refusal = refusal_of(text);
  EXPECT_NE(refusal.find(what), std::string::npos) << refusal;
}

TEST(AccessConfig, AsksForNoTokensByDefault) {
  for (const std::string_view text : {std::string_view{}, default_signal_config()}) {
    const SignalConfig config = read(text);

    EXPECT_EQ(config.hub.access, AccessConfig{});
    EXPECT_EQ(config.tokens, TokenVerifierConfig{});
    EXPECT_EQ(config.hub.joins_per_minute, 120U);
    EXPECT_EQ(config.hub.matches_per_minute, 120U);
  }
}

TEST(AccessConfig, ReadsKeysOfEachAlgorithm) {
  const std::string rsa = make_rsa_key(2048).public_pem;
  const std::string ec = make_ec_key("P-256").public_pem;
  const SignalConfig config = read(
      "[auth]\nmode = \"jwt\"\nissuer = \"us\"\naudience = \"signal\"\nleeway_s = 5\n"
      "[[auth.keys]]\nid = \"a\"\nalgorithm = \"HS256\"\nsecret = \"" +
      kSecret + "\"\n[[auth.keys]]\nalgorithm = \"RS256\"\npublic_key = '''" + rsa +
      "'''\n[[auth.keys]]\nalgorithm = \"ES256\"\npublic_key = '''" + ec +
      "'''\n[rooms]\nnames = \"token\"\n");

  EXPECT_EQ(config.hub.access.auth, AuthMode::Token);
  EXPECT_EQ(config.hub.access.room_names, RoomNames::Token);
  EXPECT_EQ(config.tokens.rules, (ClaimRules{.leeway = 5s, .issuer = "us", .audience = "signal"}));
  EXPECT_EQ(config.tokens.keys, (std::vector<TokenKey>{{"a", TokenAlgorithm::Hs256, kSecret},
                                                       {"", TokenAlgorithm::Rs256, rsa},
                                                       {"", TokenAlgorithm::Es256, ec}}));
  EXPECT_TRUE(config.warnings.empty());
}

TEST(AccessConfig, RefusesModesThatLackSomething) {
  expect_refused("[auth]\nmode = \"jwt\"\n",
                 "signal.toml:2: auth.mode: \"jwt\" needs at least one");
  expect_refused("[rooms]\nnames = \"token\"\n", "rooms.names: \"token\" needs auth.mode");
  expect_refused("[auth]\nmode = \"oauth\"\n", "auth.mode");
  expect_refused("[auth]\nleeway_s = 301\n", "auth.leeway_s");
}

TEST(AccessConfig, WarnsOfKeysThatNothingUses) {
  EXPECT_EQ(
      read("[[auth.keys]]\nalgorithm = \"HS256\"\nsecret = \"" + kSecret + "\"\n").warnings.size(),
      1U);
}

TEST(AccessConfig, RefusesKeysThatDoNotFitTheirAlgorithm) {
  const KeyPair rsa = make_rsa_key(2048);
  expect_refused(with_key("secret = \"" + kSecret + "\""), "algorithm");
  expect_refused(with_key("algorithm = \"none\""), "auth.keys");
  expect_refused(with_key("algorithm = \"HS512\"\nsecret = \"" + kSecret + "\""), "HS256");
  expect_refused(with_key("algorithm = \"HS256\""), "must have at least 32 bytes");
  expect_refused(with_key("algorithm = \"HS256\"\nsecret = \"short\""), "must have at least 32");
  expect_refused(with_key("algorithm = \"HS256\"\nsecret = '''" + rsa.public_pem + "'''"), "PEM");
  expect_refused(with_key("algorithm = \"HS256\"\npublic_key = \"x\""), "has a `secret`");
  expect_refused(with_key("algorithm = \"RS256\"\nsecret = \"" + kSecret + "\""),
                 "have a `public_key`");
  expect_refused(with_key("algorithm = \"RS256\""), "public_key");
  expect_refused(with_public_key("RS256", rsa.private_pem), "holds a private key");
  expect_refused(with_public_key("RS256", make_ec_key("P-256").public_pem), "needs an RSA key");
  expect_refused(with_public_key("RS256", make_rsa_key(1024).public_pem), "2048 bits");
  expect_refused(with_public_key("ES256", rsa.public_pem), "needs an EC key on P-256");
  expect_refused(with_public_key("ES256", make_ec_key("P-384").public_pem), "P-256");
  expect_refused(with_public_key("ES256", "nonsense"), "holds no public key");
  expect_refused(with_key("algorithm = \"HS256\"\nsecret = \"" + kSecret + "\"\nkid = \"a\""),
                 "kid");
}

TEST(AccessConfig, TakesTheRateOfOpensForJoinsAndMatches) {
  const SignalConfig off = read("[limits]\nopens_per_minute = 0\n");
  EXPECT_EQ(off.hub.joins_per_minute, 0U);
  EXPECT_EQ(off.hub.matches_per_minute, 0U);

  const SignalConfig own =
      read("[limits]\nopens_per_minute = 0\njoins_per_minute = 7\nmatches_per_minute = 8\n");
  EXPECT_EQ(own.hub.joins_per_minute, 7U);
  EXPECT_EQ(own.hub.matches_per_minute, 8U);
}

TEST(AccessConfig, GivesAddressesALargerRateOfMessages) {
  EXPECT_EQ(read("").hub.messages_per_second_per_address, 500U);
  EXPECT_EQ(read("[limits]\nmessages_per_second = 7\n").hub.messages_per_second_per_address, 70U);
  EXPECT_EQ(read("[limits]\nmessages_per_second = 0\n").hub.messages_per_second_per_address, 0U);
  const SignalConfig most = read("[limits]\nmessages_per_second = 2147483647\n");
  EXPECT_GT(most.hub.messages_per_second_per_address, 2'000'000'000U);
  const SignalConfig own = read("[limits]\nmessages_per_second_per_address = 9\n");
  EXPECT_EQ(own.hub.messages_per_second_per_address, 9U);
  EXPECT_EQ(own.hub.messages_per_second, 50U);
}

}  // namespace
}  // namespace icebreaker::signaling::testing
