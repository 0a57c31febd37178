// icebreaker-stun as a whole: workers, metrics endpoint, signals.
#pragma once

#include <functional>

#include "common/service/lifecycle.hpp"
#include "common/service/log.hpp"
#include "stun/server/config.hpp"

namespace icebreaker::stun {

// Serves until the lifecycle says stop; returns the exit status. Throws service::StartError.
int serve(const ServerConfig& config, service::Log& log, service::Lifecycle& lifecycle,
          const std::function<void()>& reload);

}  // namespace icebreaker::stun
