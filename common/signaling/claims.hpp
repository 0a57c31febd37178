// What an access token says, as a value: the registered claims of RFC 7519 and Icebreaker's own.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace icebreaker::signaling {

// Names or, with a trailing `*`, beginnings of names.
using NamePatterns = std::vector<std::string>;

struct TokenClaims {
  // Seconds since the epoch, rounded down.
  std::optional<std::int64_t> expires_at;  // exp
  std::optional<std::int64_t> not_before;  // nbf
  std::optional<std::int64_t> issued_at;   // iat
  std::string issuer;                      // iss; empty texts = absent
  std::vector<std::string> audience;       // aud
  // `user`, or else a `sub` that is a name.
  std::string user;
  // Absent: no restriction by the token. Empty: none.
  std::optional<NamePatterns> rooms;
  std::optional<NamePatterns> match;  // queues
  std::optional<NamePatterns> watch;  // users
  std::optional<std::uint32_t> capacity;
  bool operator==(const TokenClaims&) const = default;
};

inline constexpr std::size_t kMaxNamePatterns = 64;

// A name that may end in `*`, or `*` alone.
bool is_valid_pattern(std::string_view pattern);

// From the token's payload; what is wrong with it otherwise. Checks the form only, not the time.
std::expected<TokenClaims, std::string> decode_claims(std::string_view json);

}  // namespace icebreaker::signaling
