// Short-lived TURN credentials that a signaling server and a TURN server agree on through a shared
// secret: username "<expiry>:<id>", password base64(HMAC-SHA1(secret, username)), after
// draft-uberti-behave-turn-rest.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/base/time.hpp"

namespace icebreaker::crypto {

struct TurnRestCredentials {
  std::string username;
  std::string password;
};

// The expiry is written in whole seconds, rounded down.
TurnRestCredentials mint_turn_rest_credentials(std::string_view secret, std::string_view id,
                                               WallTime expires_at);

std::string turn_rest_password(std::string_view secret, std::string_view username);

struct TurnRestUsername {
  WallTime expires_at;  // beyond what WallTime can say: its maximum
  std::string_view id;  // a view of the parsed text; empty when it has none
};

// "<seconds since 1970>" or "<seconds since 1970>:<id>"; anything else is nothing.
std::optional<TurnRestUsername> parse_turn_rest_username(std::string_view username);

}  // namespace icebreaker::crypto
