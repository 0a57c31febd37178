#include "common/crypto/constant_time.hpp"

#include <openssl/crypto.h>

namespace icebreaker::crypto {

bool constant_time_equal(ByteView left, ByteView right) {
  if (left.size() != right.size()) return false;
  return left.empty() || CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace icebreaker::crypto
