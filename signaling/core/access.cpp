#include "signaling/core/access.hpp"

#include <algorithm>

namespace icebreaker::signaling {
namespace {

constexpr std::array<std::string_view, kTokenProblems.size()> kMessages{
    "a token is needed",
    "the token is no JSON Web Token",
    "the token names a key that is not known here",
    "the token's algorithm is not that of a key known here",
    "the token's signature is wrong",
    "the token has expired, or has no 'exp'",
    "the token is not valid yet",
    "the token's 'iss' is not the one expected",
    "the token's 'aud' is not the one expected",
    "the token's claims cannot be used",
    "the token is another user's",
    "the resume token is not valid",
};

std::optional<TokenProblem> problem_of(Now now, const ClaimRules& rules,
                                       const TokenClaims& claims) {
  using std::chrono::seconds;
  const auto time = std::chrono::floor<seconds>(now.wall.time_since_epoch()).count();
  const auto leeway = rules.leeway.count();
  const auto is_future = [&](const std::optional<std::int64_t>& date) {
    return date && *date > time + leeway;
  };
  if (!claims.expires_at || time >= *claims.expires_at + leeway) return TokenProblem::Expired;
  if (is_future(claims.not_before) || is_future(claims.issued_at)) return TokenProblem::NotYetValid;
  if (!rules.issuer.empty() && claims.issuer != rules.issuer) return TokenProblem::WrongIssuer;
  // RFC 7519 §4.1.3: a token that names an audience must be refused by everybody else.
  const bool for_us = rules.audience.empty() ? claims.audience.empty()
                                             : std::ranges::find(claims.audience, rules.audience) !=
                                                   claims.audience.end();
  if (!for_us) return TokenProblem::WrongAudience;
  return std::nullopt;
}

}  // namespace

TokenRefusal refuse_token(TokenProblem problem) {
  return {problem, std::string{kMessages.at(static_cast<std::size_t>(problem))}};
}

std::expected<Admission, TokenRefusal> admit(Now now, const ClaimRules& rules,
                                             const TokenClaims& claims) {
  if (const auto problem = problem_of(now, rules, claims)) {
    return std::unexpected(refuse_token(*problem));
  }
  Admission admission{claims.user, {claims.rooms, claims.match, claims.watch, claims.capacity}};
  if (to_text(admission.grants).size() > kMaxGrantsBytes) {
    return std::unexpected(TokenRefusal{TokenProblem::BadClaims,
                                        "the token's lists are too long: use names that end in *"});
  }
  return admission;
}

std::optional<std::string> Permissions::refuse(const client::Join& join) const {
  if (grants == nullptr) return "this session was opened without a token";
  const bool open =
      grants->rooms ? matches(*grants->rooms, join.room) : room_names == RoomNames::Free;
  if (!open) return "the token does not grant this room";
  if (grants->capacity && join.capacity.value_or(1) > *grants->capacity) {
    return "the token grants a capacity of at most " + std::to_string(*grants->capacity);
  }
  return std::nullopt;
}

std::optional<std::string> Permissions::refuse(const client::Match& match) const {
  if (grants == nullptr) return "this session was opened without a token";
  if (grants->match && !matches(*grants->match, match.queue)) {
    return "the token does not grant this queue";
  }
  if (grants->capacity && match.size > *grants->capacity) {
    return "the token grants a size of at most " + std::to_string(*grants->capacity);
  }
  return std::nullopt;
}

std::optional<std::string> Permissions::refuse(const client::Watch& watch) const {
  if (grants == nullptr) return "this session was opened without a token";
  const bool all = !grants->watch || std::ranges::all_of(watch.users, [this](const auto& user) {
    return matches(*grants->watch, user);
  });
  if (!all) return "the token does not grant watching all of these users";
  return std::nullopt;
}

}  // namespace icebreaker::signaling
