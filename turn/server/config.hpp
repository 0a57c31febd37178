// turn.toml as values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/address.hpp"
#include "common/service/common_config.hpp"
#include "common/service/config_file.hpp"
#include "turn/core/credentials.hpp"
#include "turn/core/peer_policy.hpp"
#include "turn/core/quota.hpp"
#include "turn/core/relay.hpp"

namespace icebreaker::turn {

enum class Access : std::uint8_t { Credentials, Anybody };

struct ServerConfig {
  unsigned workers = 1;
  std::vector<service::Listener> listeners;
  std::vector<IpAddress> relay_addresses;  // empty: to be found
  std::vector<IpAddress> relay_external;
  RelayPorts relay_ports;
  CredentialsConfig credentials;
  Access access = Access::Credentials;
  std::vector<Cidr> peers_allow;
  std::vector<Cidr> peers_deny;
  QuotaLimits quota;
  RelayLimits limits;
  std::optional<SocketAddress> metrics;
  service::LogLevel log_level = service::LogLevel::Info;  // for a reload
};

// Throws service::ConfigError. `environment_secrets` is the value of ICEBREAKER_TURN_SECRET.
ServerConfig read_config(const service::ConfigSection& root, std::string_view environment_secrets);

bool authenticates_somebody(const ServerConfig& config);

}  // namespace icebreaker::turn
