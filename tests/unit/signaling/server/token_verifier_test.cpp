#include "signaling/server/token_verifier.hpp"

#include <array>
#include <cstdlib>
#include <memory>

#include <gtest/gtest.h>
#include <jwt.h>
#include <openssl/err.h>

#include "common/crypto/base64.hpp"
#include "common/crypto/hmac.hpp"
#include "tests/support/key_pair.hpp"

namespace icebreaker::signaling {
namespace {

using namespace icebreaker::testing;
using namespace std::chrono_literals;

constexpr Now kNow{MonoTime{1h}, WallTime{std::chrono::seconds{1'700'000'000}}};
constexpr const char* kClaims = R"({"exp":1700000060,"user":"ann","rooms":["lobby"]})";
const std::string kSecret = "a secret of at least thirty-two bytes";

std::string base64url(std::string_view bytes) {
  std::string text = crypto::base64_encode(bytes_of(bytes));
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  text.resize(text.find_last_not_of('=') + 1);
  return text;
}

// As whoever holds the key would.
std::string sign(jwt_alg_t algorithm, std::string_view key, const char* claims = kClaims,
                 const char* key_id = nullptr) {
  jwt_t* jwt = nullptr;
  EXPECT_EQ(jwt_new(&jwt), 0);
  EXPECT_EQ(jwt_add_grants_json(jwt, claims), 0);
  if (key_id != nullptr) {
    EXPECT_EQ(jwt_add_header(jwt, "kid", key_id), 0);
  }
  const void* bytes = key.data();
  EXPECT_EQ(jwt_set_alg(jwt, algorithm, static_cast<const unsigned char*>(bytes),
                        static_cast<int>(key.size())),
            0);
  char* text = jwt_encode_str(jwt);
  std::string token{text == nullptr ? "" : text};
  std::free(text);
  jwt_free(jwt);
  return token;
}

// With any head at all, signed as HS256 with any key.
std::string forge(std::string_view head, std::string_view key, std::string_view claims = kClaims) {
  const std::string text = base64url(head) + "." + base64url(claims);
  const auto mac = crypto::hmac_sha256(bytes_of(key), bytes_of(text));
  return text + "." + base64url(text_of(mac));
}

TokenVerifierConfig with_keys(std::vector<TokenKey> keys) {
  return {.keys = std::move(keys), .rules = {}};
}

JwtVerifier hs256_verifier() {
  return JwtVerifier{with_keys({{.key = kSecret}})};
}

std::optional<TokenProblem> problem_with(const JwtVerifier& verifier, std::string_view token) {
  const auto admission = verifier.verify(kNow, token);
  return admission ? std::nullopt : std::optional{admission.error().problem};
}

TEST(JwtVerifier, TakesEachAlgorithmWithItsKey) {
  const KeyPair rsa = make_rsa_key(2048);
  const KeyPair ec = make_ec_key("P-256");
  const JwtVerifier verifier{with_keys({{.algorithm = TokenAlgorithm::Rs256, .key = rsa.public_pem},
                                        {.algorithm = TokenAlgorithm::Es256, .key = ec.public_pem},
                                        {.key = kSecret}})};

  for (const std::string& token :
       {sign(JWT_ALG_HS256, kSecret), sign(JWT_ALG_RS256, rsa.private_pem),
        sign(JWT_ALG_ES256, ec.private_pem)}) {
    const auto admission = verifier.verify(kNow, token);
    ASSERT_TRUE(admission) << admission.error().message;
    EXPECT_EQ(admission->user, "ann");
    EXPECT_EQ(admission->grants.rooms, NamePatterns{"lobby"});
    std::string other = token;
    char& letter = other[other.rfind('.') + 5];
    letter = letter == 'A' ? 'B' : 'A';
    EXPECT_EQ(problem_with(verifier, other), TokenProblem::BadSignature);
  }
  EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST(JwtVerifier, RefusesOtherKeysOfTheSameKind) {
  const JwtVerifier verifier{
      with_keys({{.algorithm = TokenAlgorithm::Es256, .key = make_ec_key("P-256").public_pem}})};

  EXPECT_EQ(problem_with(verifier, sign(JWT_ALG_ES256, make_ec_key("P-256").private_pem)),
            TokenProblem::BadSignature);
  EXPECT_EQ(problem_with(hs256_verifier(), sign(JWT_ALG_HS256, "another secret")),
            TokenProblem::BadSignature);
}

TEST(JwtVerifier, NeverTakesAPublicKeyForASecret) {
  for (const auto& [algorithm, key] : {std::pair{TokenAlgorithm::Rs256, make_rsa_key(2048)},
                                       std::pair{TokenAlgorithm::Es256, make_ec_key("P-256")}}) {
    const JwtVerifier verifier{with_keys({{.algorithm = algorithm, .key = key.public_pem}})};

    EXPECT_EQ(problem_with(verifier, forge(R"({"alg":"HS256"})", key.public_pem)),
              TokenProblem::WrongAlgorithm);
    EXPECT_EQ(problem_with(verifier, sign(JWT_ALG_HS256, key.public_pem)),
              TokenProblem::WrongAlgorithm);
  }
}

TEST(JwtVerifier, NeverTakesATokenWithoutAlgorithm) {
  const JwtVerifier verifier = hs256_verifier();
  for (const char* alg : {"none", "None", "NONE", "nOnE"}) {
    const std::string head = R"({"alg":")" + std::string{alg} + R"("})";
    const std::string unsigned_token = base64url(head) + "." + base64url(kClaims) + ".";
    EXPECT_EQ(problem_with(verifier, unsigned_token), TokenProblem::WrongAlgorithm) << alg;
    EXPECT_EQ(problem_with(verifier, forge(head, kSecret)), TokenProblem::WrongAlgorithm) << alg;
  }
  for (const char* head : {"{}", R"({"alg":null})", R"({"alg":5})", R"({"alg":""})",
                           R"({"alg":["HS256"]})", R"({"alg":"HS999"})"}) {
    EXPECT_EQ(problem_with(verifier, forge(head, kSecret)), TokenProblem::Malformed) << head;
  }
}

TEST(JwtVerifier, TakesNoStrongerAlgorithmThanTheKeysEither) {
  EXPECT_EQ(problem_with(hs256_verifier(), sign(JWT_ALG_HS512, kSecret)),
            TokenProblem::WrongAlgorithm);
}

TEST(JwtVerifier, PaysNoHeedToKeysInTheToken) {
  const std::string own_key = base64url("the attacker's own key, of some length");
  const std::string head = R"({"alg":"HS256","jwk":{"kty":"oct","k":")" + own_key +
                           R"("},"jku":"http://127.0.0.1/keys","x5c":[]})";

  EXPECT_EQ(problem_with(hs256_verifier(), forge(head, "the attacker's own key, of some length")),
            TokenProblem::BadSignature);
}

TEST(JwtVerifier, ChoosesTheKeyByItsId) {
  const JwtVerifier verifier{
      with_keys({{.id = "old", .key = "the secret of yesterday"}, {.id = "new", .key = kSecret}})};

  EXPECT_EQ(problem_with(verifier, sign(JWT_ALG_HS256, kSecret, kClaims, "new")), std::nullopt);
  EXPECT_EQ(problem_with(verifier, sign(JWT_ALG_HS256, kSecret, kClaims)), std::nullopt);
  EXPECT_EQ(problem_with(verifier, sign(JWT_ALG_HS256, kSecret, kClaims, "old")),
            TokenProblem::BadSignature);
  EXPECT_EQ(problem_with(verifier, sign(JWT_ALG_HS256, kSecret, kClaims, "../../new")),
            TokenProblem::UnknownKey);
  EXPECT_EQ(problem_with(hs256_verifier(), sign(JWT_ALG_HS256, kSecret, kClaims, "any")),
            std::nullopt);
}

TEST(JwtVerifier, RefusesExtensionsThatItWouldHaveToUnderstand) {
  EXPECT_EQ(problem_with(hs256_verifier(),
                         forge(R"({"alg":"HS256","crit":["b64"],"b64":false})", kSecret)),
            TokenProblem::Malformed);
}

TEST(JwtVerifier, RefusesEveryTruncationAndExtension) {
  const JwtVerifier verifier = hs256_verifier();
  const std::string token = sign(JWT_ALG_HS256, kSecret);
  ASSERT_EQ(problem_with(verifier, token), std::nullopt);

  for (std::size_t size = 0; size < token.size(); ++size) {
    EXPECT_NE(problem_with(verifier, token.substr(0, size)), std::nullopt) << size;
    EXPECT_NE(problem_with(verifier, token.substr(token.size() - size)), std::nullopt) << size;
  }
  for (const char* more : {".", "A", "=", " ", "\n", "#", ".e30"}) {
    EXPECT_NE(problem_with(verifier, token + more), std::nullopt) << more;
  }
  EXPECT_EQ(problem_with(verifier, token + std::string{"\0", 1}), TokenProblem::Malformed);
}

TEST(JwtVerifier, RefusesGarbage) {
  const JwtVerifier verifier = hs256_verifier();
  for (const char* token : {"x", "..", "...", "a.b", "a.b.c", "e30.e30.e30", "Bearer a.b.c", "{}",
                            "eyJhbGciOiJIUzI1NiJ9..", "\xff.\xff.\xff"}) {
    EXPECT_EQ(problem_with(verifier, token), TokenProblem::Malformed) << token;
  }
  EXPECT_EQ(problem_with(verifier, std::string(100'000, 'a')), TokenProblem::Malformed);
  const std::string huge = R"({"exp":1700000060,"x":")" + std::string(kMaxJwtBytes, 'x') + "\"}";
  EXPECT_EQ(problem_with(verifier, forge(R"({"alg":"HS256"})", kSecret, huge)),
            TokenProblem::Malformed);
}

TEST(JwtVerifier, RefusesClaimsThatItCannotUse) {
  const auto refused = [](std::string_view claims) {
    return problem_with(hs256_verifier(), forge(R"({"alg":"HS256"})", kSecret, claims));
  };
  EXPECT_EQ(refused(R"({"exp":1700000060})"), std::nullopt);
  EXPECT_EQ(refused(R"({"user":"ann"})"), TokenProblem::Expired);
  EXPECT_EQ(refused(R"({"exp":1699999970})"), TokenProblem::Expired);
  EXPECT_EQ(refused(R"({"exp":"1700000060"})"), TokenProblem::BadClaims);
  EXPECT_EQ(refused(R"({"exp":1700000060,"nbf":1700000031})"), TokenProblem::NotYetValid);
  EXPECT_EQ(refused(R"({"exp":1700000060,"rooms":"lobby"})"), TokenProblem::BadClaims);
  EXPECT_EQ(refused("[]"), TokenProblem::BadClaims);
  EXPECT_EQ(refused("{"), TokenProblem::Malformed);
}

TEST(JwtVerifier, RotatesKeys) {
  JwtVerifier verifier = hs256_verifier();
  const std::string old_token = sign(JWT_ALG_HS256, kSecret);
  const std::string new_token = sign(JWT_ALG_HS256, "the secret of tomorrow");

  verifier.reconfigure(with_keys({{.key = "the secret of tomorrow"}, {.key = kSecret}}));
  EXPECT_EQ(problem_with(verifier, old_token), std::nullopt);
  EXPECT_EQ(problem_with(verifier, new_token), std::nullopt);
  verifier.reconfigure(with_keys({{.key = "the secret of tomorrow"}}));
  EXPECT_EQ(problem_with(verifier, old_token), TokenProblem::BadSignature);
  verifier.reconfigure({});
  EXPECT_EQ(problem_with(verifier, new_token), TokenProblem::UnknownKey);
}

}  // namespace
}  // namespace icebreaker::signaling
