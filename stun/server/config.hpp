// stun.toml as values.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <vector>

#include "common/base/address.hpp"
#include "common/service/common_config.hpp"
#include "common/service/config_file.hpp"

namespace icebreaker::stun {

struct TcpLimits {
  std::size_t connections = 0;  // of all workers together
  std::chrono::milliseconds idle_timeout{};
  std::chrono::milliseconds message_timeout{};

  bool operator==(const TcpLimits&) const = default;
};

struct ServerConfig {
  unsigned workers = 1;
  std::vector<service::Listener> listeners;
  TcpLimits tcp;
  std::optional<SocketAddress> metrics;
};

// Everything but [log]; throws ConfigError.
ServerConfig read_config(const service::ConfigSection& root);

}  // namespace icebreaker::stun
