// turn.toml as values.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/address.hpp"
#include "common/net/dtls_clients.hpp"
#include "common/net/tls_context.hpp"
#include "common/service/common_config.hpp"
#include "common/service/config_file.hpp"
#include "turn/core/credentials.hpp"
#include "turn/core/peer_policy.hpp"
#include "turn/core/quota.hpp"
#include "turn/core/relay.hpp"

namespace icebreaker::turn {

enum class Access : std::uint8_t { Credentials, Anybody };

// Of TCP clients.
struct StreamClientLimits {
  std::size_t connections = 10'000;            // of all workers together
  std::size_t connections_per_network = 1000;  // the same; /24, /56; 0: no limit
  std::chrono::milliseconds idle_timeout = std::chrono::minutes{1};
  std::chrono::milliseconds message_timeout = std::chrono::seconds{10};
  std::size_t unsent_bytes = std::size_t{256} << 10U;  // data that waits for one client

  bool operator==(const StreamClientLimits&) const = default;
};

struct DtlsConfig {
  net::DtlsLimits limits;  // of all workers together
  std::chrono::milliseconds idle_timeout = std::chrono::minutes{1};

  bool operator==(const DtlsConfig&) const = default;
};

// From SIGTERM to the end.
struct DrainConfig {
  std::chrono::milliseconds within = std::chrono::seconds{10};
  std::optional<SocketAddress> alternate_v4;
  std::optional<SocketAddress> alternate_v6;
};

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
  StreamClientLimits streams;
  DtlsConfig dtls;
  std::optional<net::TlsIdentity> tls;  // as read from its files
  DrainConfig drain;
  std::optional<SocketAddress> metrics;
  service::LogLevel log_level = service::LogLevel::Info;  // for a reload
};

// Throws service::ConfigError. `environment_secrets` is the value of ICEBREAKER_TURN_SECRET.
ServerConfig read_config(const service::ConfigSection& root, std::string_view environment_secrets);

// The names of what differs and a reload cannot change.
std::vector<std::string_view> settings_that_need_a_restart(const ServerConfig& running,
                                                           const ServerConfig& fresh);

bool authenticates_somebody(const ServerConfig& config);

}  // namespace icebreaker::turn
