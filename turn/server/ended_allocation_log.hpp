// The last line of an allocation: what went through it, and if nothing did, why.
#pragma once

#include "common/service/log.hpp"
#include "turn/core/effects.hpp"

namespace icebreaker::turn {

// INFO when every peer was refused, which somebody will ask about, but only so often: clients can
// make it happen at will. Otherwise DEBUG: clients that found a direct path leave useless
// allocations behind all the time.
void log_ended_allocation(const service::Logger& log, service::LogLimiter& limiter, MonoTime now,
                          const effect::AllocationEnded& ended);

}  // namespace icebreaker::turn
