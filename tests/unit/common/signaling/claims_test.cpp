#include "common/signaling/claims.hpp"

#include <gtest/gtest.h>

namespace icebreaker::signaling {
namespace {

TEST(Claims, ReadsAllThatMatters) {
  const auto claims = decode_claims(
      R"({"exp":1700000000.9,"nbf":5,"iat":0,"iss":"https://a","aud":"b","user":"ann","sub":"x",
          "rooms":["lobby","team-*"],"match":[],"watch":["*"],"capacity":4,"other":{"a":[1]}})");

  ASSERT_TRUE(claims) << claims.error();
  EXPECT_EQ(*claims, (TokenClaims{.expires_at = 1'700'000'000,
                                  .not_before = 5,
                                  .issued_at = 0,
                                  .issuer = "https://a",
                                  .audience = {"b"},
                                  .user = "ann",
                                  .rooms = NamePatterns{"lobby", "team-*"},
                                  .match = NamePatterns{},
                                  .watch = NamePatterns{"*"},
                                  .capacity = 4}));
  EXPECT_EQ(decode_claims("{}"), TokenClaims{});
}

TEST(Claims, TakesTheSubjectForTheUserWhenItIsAName) {
  EXPECT_EQ(decode_claims(R"({"sub":"ann"})")->user, "ann");
  EXPECT_EQ(decode_claims(R"({"sub":"auth0|5"})")->user, "");
  EXPECT_EQ(decode_claims(R"({"sub":5})")->user, "");
}

TEST(Claims, TakesSeveralAudiences) {
  EXPECT_EQ(decode_claims(R"({"aud":["a","b"]})")->audience, (std::vector<std::string>{"a", "b"}));
}

TEST(Claims, SaysWhatIsWrong) {
  const std::pair<const char*, const char*> bad[]{
      {"[]", "JSON"},
      {"", "JSON"},
      {"{\"exp\":5", "JSON"},
      {R"({"exp":"5"})", "'exp'"},
      {R"({"exp":-1})", "'exp'"},
      {R"({"exp":1e300})", "'exp'"},
      {R"({"nbf":null})", "'nbf'"},
      {R"({"iat":{}})", "'iat'"},
      {R"({"iss":5})", "'iss'"},
      {R"({"aud":5})", "'aud'"},
      {R"({"aud":[]})", "'aud'"},
      {R"({"aud":[5]})", "'aud'"},
      {R"({"user":"a b"})", "'user'"},
      {R"({"user":""})", "'user'"},
      {R"({"user":5})", "'user'"},
      {R"({"rooms":"lobby"})", "'rooms'"},
      {R"({"rooms":["a*b"]})", "'rooms'"},
      {R"({"rooms":["**"]})", "'rooms'"},
      {R"({"rooms":["a,b"]})", "'rooms'"},
      {R"({"rooms":[""]})", "'rooms'"},
      {R"({"match":[5]})", "'match'"},
      {R"({"watch":null})", "'watch'"},
      {R"({"capacity":0})", "'capacity'"},
      {R"({"capacity":2.5})", "'capacity'"},
      {R"({"capacity":5000000000})", "'capacity'"},
  };
  for (const auto& [text, what] : bad) {
    const auto claims = decode_claims(text);
    ASSERT_FALSE(claims) << text;
    EXPECT_NE(claims.error().find(what), std::string::npos) << text << ": " << claims.error();
  }
}

TEST(Claims, RefusesMorePatternsThanTheLimit) {
  std::string list = "\"a\"";
  for (std::size_t i = 1; i < kMaxNamePatterns; ++i) list += ",\"a\"";

  EXPECT_TRUE(decode_claims(R"({"rooms":[)" + list + "]}"));
  EXPECT_FALSE(decode_claims(R"({"rooms":[)" + list + ",\"a\"]}"));
}

TEST(Claims, RefusesClaimsThatAreNestedTooDeeply) {
  EXPECT_FALSE(decode_claims(R"({"a":)" + std::string(1000, '[') + std::string(1000, ']') + "}"));
}

}  // namespace
}  // namespace icebreaker::signaling
