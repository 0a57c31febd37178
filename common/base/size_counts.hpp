// How often things of which size were seen, in buckets of powers of two; one thread counts, any
// thread reads.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "common/base/relaxed_counter.hpp"

namespace icebreaker {

class SizeCounts {
 public:
  // Upper bounds of the buckets; above the last is one more.
  static constexpr std::array<double, 11> kBounds{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024};

  void count(std::size_t size) {
    const std::size_t bucket =
        size <= 1 ? 0 : std::min<std::size_t>(std::bit_width(size - 1), kBounds.size());
    ++counts_.at(bucket);
    sum_ += size;
  }

  [[nodiscard]] std::uint64_t in_bucket(std::size_t bucket) const { return counts_.at(bucket); }

  [[nodiscard]] std::uint64_t sum() const { return sum_; }

 private:
  std::array<RelaxedCounter, kBounds.size() + 1> counts_;
  RelaxedCounter sum_;
};

// Of several, for metrics.
class SizeTotals {
 public:
  void add(const SizeCounts& each) {
    for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
      counts_.at(bucket) += each.in_bucket(bucket);
    }
    sum_ += static_cast<double>(each.sum());
  }

  [[nodiscard]] static constexpr std::span<const double> bounds() { return SizeCounts::kBounds; }

  // Of each bucket alone; the last is what is above all bounds.
  [[nodiscard]] std::span<const std::uint64_t> counts() const { return counts_; }

  [[nodiscard]] double sum() const { return sum_; }

 private:
  std::array<std::uint64_t, SizeCounts::kBounds.size() + 1> counts_{};
  double sum_ = 0;
};

}  // namespace icebreaker
