// Random names and numbers of new sessions, for all engines.
#pragma once

#include <array>
#include <string>

#include "common/base/hex.hpp"
#include "common/base/random.hpp"
#include "common/signaling/messages.hpp"

namespace icebreaker::signaling {

inline constexpr std::size_t kSecretBytes = 16;  // of a session id: 128 bits

// At most 16 bytes, two digits each.
inline std::string random_hex(RandomSource& random, std::size_t bytes) {
  std::array<std::byte, kSecretBytes> raw{};
  random.fill(MutableByteView{raw}.first(bytes));
  return hex_of(ByteView{raw}.first(bytes));
}

// Never 0, and exact in JavaScript.
inline Epoch random_epoch(RandomSource& random) {
  constexpr std::uint64_t kMask = (std::uint64_t{1} << 48U) - 1;
  return (random.u64() & kMask) | 1U;
}

}  // namespace icebreaker::signaling
