// What became of the datagrams: delivered, lost, doubled, and how long they took.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace icebreaker::bench {

enum class Arrival : std::uint8_t { New, Duplicate, TooLate };

// Which sequence numbers of one flow and direction have arrived: the newest and the 64 before it.
class SequenceWindow {
 public:
  Arrival on_arrival(std::uint64_t sequence) {
    if (sequence >= next_) {
      const std::uint64_t ahead = sequence - next_ + 1;
      seen_ = ahead < 64 ? seen_ << ahead | 1U : 1U;
      next_ = sequence + 1;
      return Arrival::New;
    }
    const std::uint64_t behind = next_ - 1 - sequence;
    if (behind >= 64) return Arrival::TooLate;
    const std::uint64_t bit = std::uint64_t{1} << behind;
    if ((seen_ & bit) != 0) return Arrival::Duplicate;
    seen_ |= bit;
    return Arrival::New;
  }

 private:
  std::uint64_t next_ = 0;
  std::uint64_t seen_ = 0;
};

// Each octave of nanoseconds in 32 steps: 3 % is more exact than the machine.
class LatencyHistogram {
 public:
  void observe(std::uint64_t nanoseconds) {
    ++counts_[std::min(bucket_of(nanoseconds), counts_.size() - 1)];
    ++total_;
  }

  // The upper bound of the bucket in which that share of all lies; 0 without observations.
  [[nodiscard]] double quantile_us(double share) const {
    const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(total_));
    std::uint64_t passed = 0;
    for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
      passed += counts_[bucket];
      if (passed > wanted) return static_cast<double>(upper_bound_of(bucket)) / 1000.0;
    }
    return 0;
  }

 private:
  static constexpr unsigned kStepBits = 5;
  static constexpr std::uint64_t kSteps = 1U << kStepBits;

  static std::size_t bucket_of(std::uint64_t value) {
    if (value < kSteps) return value;
    const auto octave = static_cast<unsigned>(std::bit_width(value)) - 1 - kStepBits;
    return (octave + 1) * kSteps + ((value >> octave) - kSteps);
  }

  static std::uint64_t upper_bound_of(std::size_t bucket) {
    if (bucket < kSteps) return bucket + 1;
    const auto octave = bucket / kSteps - 1;
    return (bucket % kSteps + kSteps + 1) << octave;
  }

  std::array<std::uint64_t, 32 * kSteps> counts_{};
  std::uint64_t total_ = 0;
};

// Both directions together.
struct Tally {
  std::uint64_t sent = 0;
  std::uint64_t delivered = 0;  // verified, each once
  std::uint64_t duplicated = 0;
  std::uint64_t too_late = 0;   // so far behind the newest that nobody remembers
  std::uint64_t corrupted = 0;  // some byte, the flow, the direction or the sender was not right

  [[nodiscard]] std::uint64_t lost() const { return sent - std::min(sent, delivered); }
};

}  // namespace icebreaker::bench
