// The configuration sections that all servers share: [[listen]], [log], [metrics], workers.
#pragma once

#include <optional>
#include <vector>

#include "common/base/address.hpp"
#include "common/base/transport.hpp"
#include "common/service/config_file.hpp"
#include "common/service/log.hpp"

namespace icebreaker::service {

struct Listener {
  Transport transport = Transport::Udp;
  SocketAddress address;
  int line = 0;
  std::vector<Cidr> proxies{};  // who may send a PROXY header; of servers that support it
};

// [[listen]] transport, address. At least one; a transport outside `supported` and two listeners
// that need the same port of the same address are errors.
std::vector<Listener> read_listeners(const ConfigSection& root,
                                     const std::vector<Transport>& supported);

struct LogConfig {
  LogLevel level = LogLevel::Info;
  LogFormat format = LogFormat::Text;
};

LogConfig read_log_config(const ConfigSection& root);

// [metrics] address; nothing when the section is absent.
std::optional<SocketAddress> read_metrics_address(const ConfigSection& root);

// `workers`; 0 or absent is one per core that this process may use.
unsigned read_workers(const ConfigSection& root);

}  // namespace icebreaker::service
