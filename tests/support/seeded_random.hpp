// Randomness that repeats: for tests that need a RandomSource.
#pragma once

#include <cstdint>
#include <random>

#include "common/base/random.hpp"

namespace icebreaker::testing {

class SeededRandom final : public RandomSource {
 public:
  explicit SeededRandom(std::uint64_t seed = 1) : engine_{seed} {}

  void fill(MutableByteView buffer) override {
    for (std::byte& each : buffer) each = static_cast<std::byte>(engine_() & 0xFFU);
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace icebreaker::testing
