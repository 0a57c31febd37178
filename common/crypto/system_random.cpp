#include "common/crypto/system_random.hpp"

#include <algorithm>
#include <limits>

#include <openssl/rand.h>

#include "common/base/check.hpp"

namespace icebreaker::crypto {

void SystemRandom::fill(MutableByteView buffer) {
  constexpr std::size_t kMaxChunkBytes = std::numeric_limits<int>::max();
  while (!buffer.empty()) {
    const MutableByteView chunk = buffer.first(std::min(buffer.size(), kMaxChunkBytes));
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): OpenSSL takes unsigned chars.
    auto* out = reinterpret_cast<unsigned char*>(chunk.data());
    ICEBREAKER_CHECK(RAND_bytes(out, static_cast<int>(chunk.size())) == 1);
    buffer = buffer.subspan(chunk.size());
  }
}

}  // namespace icebreaker::crypto
