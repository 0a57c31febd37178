// Why a request was not accepted as its user's; metric labels and log words.
#pragma once

#include <cstdint>
#include <string_view>

namespace icebreaker::turn {

enum class AuthFailure : std::uint8_t {
  None,
  NoCredentials,  // the normal first request of every client
  MissingAttribute,
  UnknownUser,
  ExpiredCredential,
  WrongRealm,
  WrongPassword,
  StaleNonce,
  OtherUser,  // touched somebody else's allocation
  Count,
};

std::string_view name_of(AuthFailure failure);

}  // namespace icebreaker::turn
