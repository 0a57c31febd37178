// signal.toml and the environment as values.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/address.hpp"
#include "common/service/common_config.hpp"
#include "common/service/config_file.hpp"
#include "signaling/core/hub.hpp"
#include "signaling/server/ice_servers.hpp"
#include "signaling/server/token_verifier.hpp"
#include "signaling/state/redis/redis_url.hpp"

namespace icebreaker::signaling {

struct SignalEnvironment {
  std::optional<std::string> port{};         // PORT
  std::optional<std::string> turn_secret{};  // ICEBREAKER_TURN_SECRET: several, separated by commas
  std::optional<std::string> redis_url{};    // ICEBREAKER_REDIS_URL
  std::optional<std::string> token_secrets{};  // ICEBREAKER_TOKEN_SECRETS: separated by commas
};

SignalEnvironment read_environment();

// From SIGTERM to the end.
struct DrainConfig {
  // At most. Platforms that kill 10 s after SIGTERM are common.
  std::chrono::milliseconds within{8'000};
  // At least, with nothing open: for balancers that learn late that this instance is not ready.
  std::chrono::milliseconds linger{0};
  bool operator==(const DrainConfig&) const = default;
};

struct SignalConfig {
  SocketAddress listen{};
  std::string instance{};
  std::string web_root{};  // "off": none; empty: the client that came with the program
  std::vector<std::string> allowed_origins{};
  std::vector<Cidr> trusted_proxies{};
  TokenVerifierConfig tokens{};
  HubConfig hub{};  // token_secrets may be empty: make random ones
  StateConfig state{};
  std::optional<RedisUrl> redis{};        // absent: the state is in memory
  std::size_t connections = 0;            // see apply_descriptor_limit
  std::chrono::seconds request_time{30};  // for a request to come in
  IceConfig ice{};
  DrainConfig drain{};
  std::optional<SocketAddress> metrics{};
  std::string certificate_file{};  // both empty: no TLS
  std::string key_file{};
  // What is left out for want of a setting, one line each.
  std::vector<std::string> warnings{};
};

// Fills in the limits that the file leaves to the system, and lowers those that it cannot keep,
// with a warning.
void apply_descriptor_limit(SignalConfig& config, std::size_t descriptors);

// The text of --print-default-config, in force without --config.
std::string_view default_signal_config();

// Throws service::ConfigError. Reads everything but [log].
SignalConfig read_signal_config(const service::ConfigSection& root,
                                const SignalEnvironment& environment);

// Names of the sections and keys that differ and that a reload does not put into force.
std::vector<std::string_view> settings_that_need_a_restart(const SignalConfig& running,
                                                           const SignalConfig& fresh);

}  // namespace icebreaker::signaling
