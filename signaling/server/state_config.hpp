// Where the state of sessions is kept: `state`, `state_file` and the environment.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/service/config_file.hpp"
#include "signaling/state/redis/redis_url.hpp"

namespace icebreaker::signaling {

// Nothing: in memory. `from_environment` replaces the file's. Throws service::ConfigError.
std::optional<RedisUrl> read_state_url(const service::ConfigSection& root,
                                       const std::optional<std::string>& from_environment);

// Those of the file, otherwise those of the environment, which are separated by commas.
std::vector<std::string> read_token_secrets(const service::ConfigSection& session,
                                            const std::optional<std::string>& from_environment);

}  // namespace icebreaker::signaling
