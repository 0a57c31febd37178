// Why a request was not accepted as its user's; metric labels and log words.
#pragma once

#include <cstdint>
#include <string_view>

namespace icebreaker::turn {

enum class AuthFailure : std::uint8_t {
  None,
  NoCredentials,      // the normal first request of every client
  MissingAttribute,   // or one that is malformed
  AlteredAlgorithms,  // PASSWORD-ALGORITHMS is not what was offered, or comes alone
  InvalidUsername,    // not what RFC 8489 §14.3 takes for one
  UnknownUser,
  WrongRealm,
  WrongPassword,      // of a static user
  WrongSecret,        // a REST user whose password none of the secrets makes
  ExpiredCredential,  // otherwise right
  StaleNonce,
  OtherUser,  // touched somebody else's allocation
  Count,
};

std::string_view name_of(AuthFailure failure);

}  // namespace icebreaker::turn
