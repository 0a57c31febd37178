// Keys of long-term credentials (RFC 8489 §9.2). Names, realms and passwords are taken as they are;
// opaque_string.hpp prepares those that come from people.
#pragma once

#include <string_view>

#include "common/crypto/digest.hpp"

namespace icebreaker::crypto {

// RFC 8489 §9.2.2, for MESSAGE-INTEGRITY, and for MESSAGE-INTEGRITY-SHA256 with algorithm MD5.
Md5Digest long_term_key_md5(std::string_view username, std::string_view realm,
                            std::string_view password);

// RFC 8489 §18.5.1.2, for the password algorithm SHA-256.
Sha256Digest long_term_key_sha256(std::string_view username, std::string_view realm,
                                  std::string_view password);

// The value of USERHASH (RFC 8489 §14.4).
Sha256Digest userhash(std::string_view username, std::string_view realm);

}  // namespace icebreaker::crypto
