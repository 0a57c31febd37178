// Randomness as an argument: cores take a RandomSource; main binds the system's, tests a seeded
// one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "common/base/bytes.hpp"

namespace icebreaker {

class RandomSource {
 public:
  virtual ~RandomSource() = default;

  // Fills the buffer with unpredictable bytes; never fails.
  virtual void fill(MutableByteView buffer) = 0;

  std::uint32_t u32() { return value<std::uint32_t>(); }

  std::uint64_t u64() { return value<std::uint64_t>(); }

  // Uniform in [0, bound) without modulo bias (Lemire's method with rejection); bound > 0.
  std::uint32_t below(std::uint32_t bound) {
    const std::uint32_t threshold = (0U - bound) % bound;
    while (true) {
      const std::uint64_t product = std::uint64_t{u32()} * bound;
      if (static_cast<std::uint32_t>(product) >= threshold) {
        return static_cast<std::uint32_t>(product >> 32U);
      }
    }
  }

 private:
  template <class T>
  T value() {
    std::array<std::byte, sizeof(T)> raw{};
    fill(raw);
    T result{};
    std::memcpy(&result, raw.data(), sizeof result);
    return result;
  }
};

}  // namespace icebreaker
