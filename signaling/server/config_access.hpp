// The settings of signal.toml that say who may use the server, for what, and how often.
#pragma once

#include "common/service/config_file.hpp"
#include "signaling/server/config.hpp"

namespace icebreaker::signaling {

// [auth], rooms.names, allowed_origins, trusted_proxies and the rates of [limits].
void read_access(const service::ConfigSection& root, SignalConfig& config);

}  // namespace icebreaker::signaling
