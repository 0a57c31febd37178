// The last line of an allocation: what went through it, and if nothing did, why and what an
// operator can do about it.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "common/service/log.hpp"
#include "turn/core/effects.hpp"
#include "turn/server/explanation.hpp"

namespace icebreaker::turn {

// Nothing for an allocation that worked.
std::optional<Explanation> explain(const effect::AllocationEnded& ended);

// Whether clients on the internet were told an address that only a private network reaches.
bool tells_private_address(const effect::AllocationEnded& ended);

// Of one worker. Clients can make useless allocations at will, so there are only so many lines of
// each kind in a minute; addresses of clients are in those at DEBUG alone.
class EndedAllocationLog {
 public:
  explicit EndedAllocationLog(service::Logger log) : log_{std::move(log)} {}

  void write(MonoTime now, const effect::AllocationEnded& ended);

 private:
  void write_useless(MonoTime now, const effect::AllocationEnded& ended,
                     const Explanation& explanation);
  void write_story(const effect::AllocationEnded& ended) const;

  static constexpr std::size_t kUses = static_cast<std::size_t>(AllocationUse::Count);

  struct Limiter : service::LogLimiter {
    Limiter() : LogLimiter{5, std::chrono::minutes{1}} {}
  };

  service::Logger log_;
  std::array<Limiter, kUses> limiters_;
  service::LogLimiter private_address_warnings_{1, std::chrono::minutes{10}};
};

}  // namespace icebreaker::turn
