// Who may open a session and what it may do then: access tokens and the grants that they carry.
// Signatures are the shell's business; whether a token is valid now, and what it allows, is decided
// here.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/time.hpp"
#include "common/signaling/claims.hpp"
#include "common/signaling/messages.hpp"
#include "signaling/core/grants.hpp"

namespace icebreaker::signaling {

enum class AuthMode : std::uint8_t { None, Token };
// Token: only rooms that a token names can be joined.
enum class RoomNames : std::uint8_t { Free, Token };

struct AccessConfig {
  AuthMode auth = AuthMode::None;
  RoomNames room_names = RoomNames::Free;
  bool operator==(const AccessConfig&) const = default;
};

// Why a token admits nobody; also the labels of a counter.
enum class TokenProblem : std::uint8_t {
  Missing,
  Malformed,
  UnknownKey,
  WrongAlgorithm,
  BadSignature,
  Expired,
  NotYetValid,
  WrongIssuer,
  WrongAudience,
  BadClaims,
  OtherUser,
  BadResumeToken,
};
inline constexpr std::array<std::string_view, 12> kTokenProblems{
    "missing", "malformed", "unknown_key", "wrong_algorithm", "signature",  "expired",
    "not_yet", "issuer",    "audience",    "claims",          "other_user", "resume_token"};

struct TokenRefusal {
  TokenProblem problem = TokenProblem::Malformed;
  std::string message;  // for the client
};

TokenRefusal refuse_token(TokenProblem problem);

struct Admission {
  std::string user;
  Grants grants;
};

class TokenVerifier {
 public:
  virtual ~TokenVerifier() = default;
  // `token` is not empty.
  [[nodiscard]] virtual std::expected<Admission, TokenRefusal> verify(
      Now now, std::string_view token) const = 0;
};

// What every token has to say, besides a good signature.
struct ClaimRules {
  std::chrono::seconds leeway{30};  // for clocks that differ
  std::string issuer;               // empty: any
  std::string audience;             // empty: a token must not name one
  bool operator==(const ClaimRules&) const = default;
};

std::expected<Admission, TokenRefusal> admit(Now now, const ClaimRules& rules,
                                             const TokenClaims& claims);

// What the grants do not allow, in words for the client. Null grants: of a session that no token
// made, which may do nothing of this.
struct Permissions {
  const Grants* grants = nullptr;
  RoomNames room_names = RoomNames::Free;

  [[nodiscard]] std::optional<std::string> refuse(const client::Join& join) const;
  [[nodiscard]] std::optional<std::string> refuse(const client::Match& match) const;
  [[nodiscard]] std::optional<std::string> refuse(const client::Watch& watch) const;
};

}  // namespace icebreaker::signaling
