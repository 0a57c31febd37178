// A count that one thread changes and any thread may read, without locked instructions.
#pragma once

#include <atomic>
#include <cstdint>

namespace icebreaker {

class RelaxedCounter {
 public:
  RelaxedCounter() = default;

  RelaxedCounter& operator+=(std::uint64_t by) {
    value_.store(value_.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
    return *this;
  }

  RelaxedCounter& operator++() { return *this += 1; }

  RelaxedCounter& operator--() { return *this += ~std::uint64_t{0}; }

  // Of a count that is kept elsewhere.
  void set(std::uint64_t value) { value_.store(value, std::memory_order_relaxed); }

  // NOLINTNEXTLINE(google-explicit-constructor): reads as the number it is.
  operator std::uint64_t() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_ = 0;
};

}  // namespace icebreaker
