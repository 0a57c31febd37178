// The process's source of unpredictable bytes; made in main and handed to the cores.
#pragma once

#include "common/base/random.hpp"

namespace icebreaker::crypto {

// OpenSSL's generator: safe from any thread, reseeds itself, aborts when the system has no entropy.
class SystemRandom final : public RandomSource {
 public:
  void fill(MutableByteView buffer) override;
};

}  // namespace icebreaker::crypto
