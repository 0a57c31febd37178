// A count for each enumerator of an enum, whose last one is Count.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "common/base/relaxed_counter.hpp"

namespace icebreaker {

template <class Enum>
class CounterPer {
 public:
  void count(Enum value) { ++counts_.at(static_cast<std::size_t>(value)); }

  [[nodiscard]] std::uint64_t of(Enum value) const {
    return counts_.at(static_cast<std::size_t>(value));
  }

 private:
  std::array<RelaxedCounter, static_cast<std::size_t>(Enum::Count)> counts_;
};

}  // namespace icebreaker
