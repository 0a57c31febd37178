#include "signaling/core/access.hpp"

#include <gtest/gtest.h>

namespace icebreaker::signaling {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kTime = 1'700'000'000;
constexpr Now kNow{MonoTime{1h}, WallTime{std::chrono::seconds{kTime} + 900ms}};

TokenClaims valid_claims() {
  TokenClaims claims;
  claims.expires_at = kTime + 60;
  claims.user = "ann";
  return claims;
}

std::optional<TokenProblem> problem_with(const TokenClaims& claims, const ClaimRules& rules = {}) {
  const auto admission = admit(kNow, rules, claims);
  return admission ? std::nullopt : std::optional{admission.error().problem};
}

TEST(Access, AdmitsWhoHasAValidToken) {
  TokenClaims claims = valid_claims();
  claims.rooms = NamePatterns{"lobby"};
  claims.capacity = 3;

  const auto admission = admit(kNow, {}, claims);

  ASSERT_TRUE(admission);
  EXPECT_EQ(admission->user, "ann");
  EXPECT_EQ(admission->grants.rooms, NamePatterns{"lobby"});
  EXPECT_EQ(admission->grants.capacity, 3U);
}

TEST(Access, WantsAnExpiryThatIsNotOver) {
  TokenClaims claims = valid_claims();

  claims.expires_at = kTime - 29;
  EXPECT_EQ(problem_with(claims), std::nullopt);
  claims.expires_at = kTime - 30;
  EXPECT_EQ(problem_with(claims), TokenProblem::Expired);
  EXPECT_EQ(problem_with(claims, {.leeway = 31s, .issuer = {}, .audience = {}}), std::nullopt);
  claims.expires_at.reset();
  EXPECT_EQ(problem_with(claims), TokenProblem::Expired);
}

TEST(Access, RefusesTokensOfTheFuture) {
  TokenClaims claims = valid_claims();
  claims.not_before = kTime + 30;
  claims.issued_at = kTime + 30;
  EXPECT_EQ(problem_with(claims), std::nullopt);

  claims.not_before = kTime + 31;
  EXPECT_EQ(problem_with(claims), TokenProblem::NotYetValid);
  claims.not_before.reset();
  claims.issued_at = kTime + 31;
  EXPECT_EQ(problem_with(claims), TokenProblem::NotYetValid);
}

TEST(Access, PinsIssuerAndAudience) {
  TokenClaims claims = valid_claims();
  const ClaimRules pinned{.leeway = 0s, .issuer = "us", .audience = "signal"};
  EXPECT_EQ(problem_with(claims, pinned), TokenProblem::WrongIssuer);
  claims.issuer = "us";
  EXPECT_EQ(problem_with(claims, pinned), TokenProblem::WrongAudience);
  claims.audience = {"mail", "signal"};
  EXPECT_EQ(problem_with(claims, pinned), std::nullopt);
  EXPECT_EQ(problem_with(claims), TokenProblem::WrongAudience);
}

TEST(Access, RefusesGrantsTooLargeToKeep) {
  TokenClaims claims = valid_claims();
  claims.rooms = NamePatterns(kMaxNamePatterns, std::string(64, 'a'));

  EXPECT_EQ(problem_with(claims), TokenProblem::BadClaims);
}

TEST(Grants, SurviveAsText) {
  const Grants all{NamePatterns{"a", "b-*"}, NamePatterns{}, NamePatterns{"*"}, 7};
  for (const Grants& grants : {Grants{}, all}) {
    EXPECT_FALSE(to_text(grants).empty());
    EXPECT_EQ(parse_grants(to_text(grants)), grants) << to_text(grants);
  }
}

TEST(Grants, AreNotReadFromWhatIsNotUnderstood) {
  for (const char* text : {"", "g2", "g1;rooms=a b", "g1;rooms=a,,b", "g1;capacity=",
                           "g1;capacity=x", "g1;capacity=99999999999", "g1;new=a"}) {
    EXPECT_FALSE(parse_grants(text)) << text;
  }
}

TEST(Permissions, FollowTheGrants) {
  const Grants grants{NamePatterns{"lobby", "team-*"}, NamePatterns{"chess"}, NamePatterns{"bob"},
                      4};
  const Permissions may{&grants, RoomNames::Free};

  EXPECT_FALSE(may.refuse(client::Join{"lobby", "", {}}));
  EXPECT_FALSE(may.refuse(client::Join{"team-", "", 4}));
  EXPECT_FALSE(may.refuse(client::Join{"team-red", "", {}}));
  EXPECT_TRUE(may.refuse(client::Join{"lobby2", "", {}}));
  EXPECT_TRUE(may.refuse(client::Join{"team", "", {}}));
  EXPECT_TRUE(may.refuse(client::Join{"lobby", "", 5}));
  EXPECT_FALSE(may.refuse(client::Match{"chess", 4, {}}));
  EXPECT_TRUE(may.refuse(client::Match{"chess", 5, {}}));
  EXPECT_TRUE(may.refuse(client::Match{"go", 2, {}}));
  EXPECT_FALSE(may.refuse(client::Watch{{"bob", "bob"}}));
  EXPECT_TRUE(may.refuse(client::Watch{{"bob", "eve"}}));
}

TEST(Permissions, AreWideWhenTheTokenNamesNothing) {
  const Grants none;
  const Permissions free{&none, RoomNames::Free};
  const Permissions strict{&none, RoomNames::Token};

  EXPECT_FALSE(free.refuse(client::Join{"any", "", 16}));
  EXPECT_FALSE(free.refuse(client::Match{"any", 16, {}}));
  EXPECT_FALSE(free.refuse(client::Watch{{"any"}}));
  EXPECT_TRUE(strict.refuse(client::Join{"any", "", {}}));
}

TEST(Permissions, AreNoneWithoutAToken) {
  const Permissions none;

  EXPECT_TRUE(none.refuse(client::Join{"any", "", {}}));
  EXPECT_TRUE(none.refuse(client::Match{"any", 2, {}}));
  EXPECT_TRUE(none.refuse(client::Watch{{"any"}}));
}

}  // namespace
}  // namespace icebreaker::signaling
