// How many challenges strangers of one network get: a request without credentials may carry
// anybody's source address, and its answer is larger than itself.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/base/address.hpp"
#include "common/base/time.hpp"
#include "turn/core/special_networks.hpp"

namespace icebreaker::turn {

// Memory is fixed, whatever addresses come: networks (/24, /56) share the slots, by a hash that
// nobody outside can predict.
class ChallengeBudget {
 public:
  // 0 per second: no limit.
  ChallengeBudget(std::size_t per_second, std::uint64_t hash_seed)
      : interval_{per_second == 0 ? MonoTime::duration{0}
                                  : MonoTime::duration{std::chrono::seconds{1}} /
                                        static_cast<std::int64_t>(per_second)},
        hash_seed_{hash_seed},
        slots_(per_second == 0 ? 0 : kSlots) {}

  // Whether this client may be challenged now; takes it off the budget. The budget of two seconds
  // may be spent at once.
  bool take(MonoTime now, const IpAddress& client) {
    if (slots_.empty()) return true;
    MonoTime& spent_until = slots_[slot_of(client)];
    if (spent_until > now + kBurst - interval_) return false;
    spent_until = std::max(spent_until, now) + interval_;
    return true;
  }

 private:
  static constexpr std::size_t kSlots = 4096;
  static constexpr std::chrono::seconds kBurst{2};

  [[nodiscard]] std::size_t slot_of(const IpAddress& client) const {
    const std::uint64_t high = NetworkMatcher::bits_of(client).high;
    const std::uint64_t network = client.is_v4() ? high >> 40U : high >> 8U;
    // The finalizer of splitmix64: every bit of the input moves every bit of the slot.
    std::uint64_t mixed = network ^ hash_seed_;
    mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBULL;
    return (mixed ^ (mixed >> 31U)) % kSlots;
  }

  MonoTime::duration interval_;
  std::uint64_t hash_seed_;
  std::vector<MonoTime> slots_;
};

}  // namespace icebreaker::turn
