// How many payload bytes a second may go each way: for each allocation, and for all allocations of
// a user together. The data path asks; time is that of the batch.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>

#include "common/base/check.hpp"
#include "common/base/time.hpp"

namespace icebreaker::turn {

struct BandwidthLimits {
  std::uint64_t per_allocation = 0;  // bytes per second each way; 0: no limit
  // The allocations of a user are those on one worker: workers share nothing on the data path.
  std::uint64_t per_user = 0;

  [[nodiscard]] bool any() const { return per_allocation != 0 || per_user != 0; }

  bool operator==(const BandwidthLimits&) const = default;
};

// Below it, the time that the largest datagram takes no longer fits the arithmetic.
inline constexpr std::uint64_t kMinBytesPerSecond = 1000;

// A rate as what the data path computes with: no division for each packet.
class ByteRate {
 public:
  // 0: no limit; at least kMinBytesPerSecond otherwise.
  explicit ByteRate(std::uint64_t bytes_per_second)
      : ns_per_mebibyte_{bytes_per_second == 0 ? 0 : kMebibyte * kNsPerSecond / bytes_per_second} {}

  [[nodiscard]] bool limited() const { return ns_per_mebibyte_ != 0; }

  [[nodiscard]] MonoTime::duration time_of(std::size_t bytes) const {
    return std::chrono::nanoseconds{(bytes * ns_per_mebibyte_) >> 20U};
  }

 private:
  static constexpr std::uint64_t kMebibyte = 1U << 20U;
  static constexpr std::uint64_t kNsPerSecond = 1'000'000'000;

  std::uint64_t ns_per_mebibyte_;
};

// A token bucket that holds one second's worth: all it remembers is until when it is spent.
class ByteBucket {
 public:
  [[nodiscard]] bool has_room(MonoTime now, const ByteRate& rate, std::size_t bytes) const {
    if (!rate.limited()) return true;
    // What is above the whole burst passes when nothing is spent, or it never could.
    return spent_until_ <= now || spent_until_ + rate.time_of(bytes) <= now + kBurst;
  }

  void spend(MonoTime now, const ByteRate& rate, std::size_t bytes) {
    if (rate.limited()) spent_until_ = std::max(spent_until_, now) + rate.time_of(bytes);
  }

 private:
  static constexpr std::chrono::seconds kBurst{1};

  MonoTime spent_until_{};
};

enum class Direction : std::uint8_t { ToPeer, ToClient };

struct ByteBuckets {
  ByteBucket to_peers;
  ByteBucket to_client;

  ByteBucket& of(Direction direction) {
    return direction == Direction::ToPeer ? to_peers : to_client;
  }
};

// The buckets of the users that have allocations.
class UserBuckets {
 public:
  // Valid until as many release() as acquire() of that user.
  ByteBuckets* acquire(const std::string& user) {
    Shared& shared = by_user_[user];
    ++shared.allocations;
    return &shared.buckets;
  }

  void release(const std::string& user) {
    const auto shared = by_user_.find(user);
    ICEBREAKER_CHECK(shared != by_user_.end());
    if (--shared->second.allocations == 0) by_user_.erase(shared);
  }

  [[nodiscard]] std::size_t size() const { return by_user_.size(); }

 private:
  struct Shared {
    ByteBuckets buckets;
    std::size_t allocations = 0;
  };

  std::unordered_map<std::string, Shared> by_user_;
};

// The limits in force, ready for the data path.
struct ByteRates {
  explicit ByteRates(const BandwidthLimits& limits)
      : per_allocation{limits.per_allocation}, per_user{limits.per_user} {}

  // Whether these bytes may pass; then they are spent. `user` may be null: no limit for the user.
  bool take(MonoTime now, Direction direction, std::size_t bytes, ByteBuckets& allocation,
            ByteBuckets* user) const {
    ByteBucket& own = allocation.of(direction);
    if (!own.has_room(now, per_allocation, bytes)) return false;
    if (user != nullptr) {
      ByteBucket& shared = user->of(direction);
      if (!shared.has_room(now, per_user, bytes)) return false;
      shared.spend(now, per_user, bytes);
    }
    own.spend(now, per_allocation, bytes);
    return true;
  }

  ByteRate per_allocation;
  ByteRate per_user;
};

}  // namespace icebreaker::turn
