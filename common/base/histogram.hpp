// Observations counted in fixed buckets, for metrics. Plain numbers, one writer; copies are cheap.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

namespace icebreaker {

// Bounds: the ascending upper bounds of the buckets, an array of double.
template <const auto& Bounds>
class Histogram {
 public:
  void observe(double value) {
    const auto bucket = std::ranges::lower_bound(Bounds, value) - Bounds.begin();
    ++counts_.at(static_cast<std::size_t>(bucket));
    sum_ += value;
  }

  // In seconds.
  template <class Rep, class Period>
  void observe(std::chrono::duration<Rep, Period> value) {
    observe(std::chrono::duration<double>{value}.count());
  }

  [[nodiscard]] static constexpr std::span<const double> bounds() { return Bounds; }

  // Of each bucket alone; the last is what is above all bounds.
  [[nodiscard]] std::span<const std::uint64_t> counts() const { return counts_; }

  [[nodiscard]] double sum() const { return sum_; }

 private:
  std::array<std::uint64_t, Bounds.size() + 1> counts_{};
  double sum_ = 0;
};

// From a call inside the machine to a minute.
inline constexpr std::array kDurationBounds{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005,
                                            0.01,   0.025,   0.05,   0.1,   0.25,   0.5,
                                            1.0,    2.5,     5.0,    10.0,  30.0,   60.0};
using DurationHistogram = Histogram<kDurationBounds>;

}  // namespace icebreaker
