#include "signaling/server/token_verifier.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <optional>

#include <jwt.h>

#include "common/crypto/public_key.hpp"

namespace icebreaker::signaling {

namespace {

using Jwt = std::unique_ptr<jwt_t, decltype([](jwt_t* jwt) { jwt_free(jwt); })>;
using JwtText = std::unique_ptr<char, decltype([](char* text) { std::free(text); })>;

constexpr std::array kAlgorithms{JWT_ALG_HS256, JWT_ALG_RS256, JWT_ALG_ES256};

// RFC 7515 §7.1: three parts in base64url, which libjwt reads more generously.
bool looks_like_jwt(std::string_view token) {
  const auto is_base64url = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  return token.size() <= kMaxJwtBytes && std::ranges::count(token, '.') == 2 &&
         std::ranges::all_of(token, is_base64url);
}

// Null without a key: the signature is not looked at then.
Jwt decoded(const std::string& token, const TokenKey* key) {
  jwt_t* jwt = nullptr;
  const void* bytes = key == nullptr ? nullptr : key->key.data();
  const int size = key == nullptr ? 0 : static_cast<int>(key->key.size());
  const int error = jwt_decode(&jwt, token.c_str(), static_cast<const unsigned char*>(bytes), size);
  crypto::forget_openssl_errors();
  return Jwt{error == 0 ? jwt : nullptr};
}

struct TokenHead {
  jwt_alg_t algorithm = JWT_ALG_NONE;
  std::optional<std::string> key_id;
};

std::optional<TokenHead> head_of(const std::string& token) {
  const Jwt unverified = decoded(token, nullptr);
  if (!unverified) return std::nullopt;
  // Without a key libjwt forgets the algorithm, but not the header.
  const char* algorithm = jwt_get_header(unverified.get(), "alg");
  TokenHead head{algorithm == nullptr ? JWT_ALG_INVAL : jwt_str_alg(algorithm), std::nullopt};
  // RFC 7515 §4.1.11: extensions that must be understood; none is here.
  if (const JwtText crit{jwt_get_headers_json(unverified.get(), "crit")}) return std::nullopt;
  if (const char* key_id = jwt_get_header(unverified.get(), "kid")) head.key_id = key_id;
  return head;
}

bool is_named(const TokenKey& key, const TokenHead& head) {
  return key.id.empty() || !head.key_id || key.id == *head.key_id;
}

}  // namespace

std::expected<Admission, TokenRefusal> JwtVerifier::verify(Now now, std::string_view token) const {
  const auto refused = [](TokenProblem problem) { return std::unexpected(refuse_token(problem)); };
  if (!looks_like_jwt(token)) return refused(TokenProblem::Malformed);
  const std::string text{token};
  const auto head = head_of(text);
  if (!head) return refused(TokenProblem::Malformed);

  auto problem = TokenProblem::UnknownKey;
  for (const TokenKey& key : config_.keys) {
    if (!is_named(key, *head)) continue;
    // The token has no say in how a key is used: a public key never becomes an HMAC's secret.
    const jwt_alg_t algorithm = kAlgorithms.at(static_cast<std::size_t>(key.algorithm));
    if (algorithm != head->algorithm) {
      problem = std::max(problem, TokenProblem::WrongAlgorithm);
      continue;
    }
    const Jwt verified = decoded(text, &key);
    if (!verified || jwt_get_alg(verified.get()) != algorithm) {
      problem = TokenProblem::BadSignature;
      continue;
    }
    const JwtText json{jwt_get_grants_json(verified.get(), nullptr)};
    auto claims = decode_claims(json ? json.get() : "");
    if (!claims) {
      return std::unexpected(TokenRefusal{TokenProblem::BadClaims,
                                          "the token's claims cannot be used: " + claims.error()});
    }
    return admit(now, config_.rules, *claims);
  }
  return refused(problem);
}

}  // namespace icebreaker::signaling
