// The key that a user's password makes (RFC 8489 §18.5.1), by whichever password algorithm.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

#include "common/base/bytes.hpp"
#include "common/crypto/long_term_key.hpp"
#include "common/stun/stun_attributes.hpp"

namespace icebreaker::turn {

class PasswordKey {
 public:
  // Fits nobody's password.
  PasswordKey() = default;

  // 16 or 32 bytes.
  explicit PasswordKey(ByteView digest) : size_{digest.size()} {
    std::ranges::copy(digest, bytes_.begin());
  }

  [[nodiscard]] ByteView view() const { return ByteView{bytes_}.first(size_); }

 private:
  std::array<std::byte, sizeof(crypto::Sha256Digest)> bytes_{};
  std::size_t size_ = sizeof(crypto::Sha256Digest);
};

inline PasswordKey password_key(stun::PasswordAlgorithmNumber algorithm, std::string_view username,
                                std::string_view realm, std::string_view password) {
  if (algorithm == stun::PasswordAlgorithmNumber::Sha256) {
    return PasswordKey{crypto::long_term_key_sha256(username, realm, password)};
  }
  return PasswordKey{crypto::long_term_key_md5(username, realm, password)};
}

}  // namespace icebreaker::turn
