#include "common/service/common_config.hpp"

#include <algorithm>
#include <string>
#include <thread>

namespace icebreaker::service {
namespace {

Transport read_transport(const ConfigSection& section, const std::vector<Transport>& supported) {
  static_cast<void>(section.required_text("transport"));
  const auto transport = section.choice("transport", Transport::Udp,
                                        {{"udp", Transport::Udp},
                                         {"tcp", Transport::Tcp},
                                         {"tls", Transport::Tls},
                                         {"dtls", Transport::Dtls}});
  if (std::ranges::find(supported, transport) != supported.end()) return transport;
  std::string names;
  for (const Transport each : supported) {
    names += (names.empty() ? "" : ", ") + std::string{name_of(each)};
  }
  section.fail("transport",
               std::string{name_of(transport)} + " is not supported here; supported: " + names);
}

bool same_port(const Listener& a, const Listener& b) {
  return a.address == b.address && a.address.port != 0 &&
         is_datagram(a.transport) == is_datagram(b.transport);
}

}  // namespace

std::vector<Listener> read_listeners(const ConfigSection& root,
                                     const std::vector<Transport>& supported) {
  std::vector<Listener> listeners;
  for (const ConfigSection& section : root.sections("listen")) {
    const Listener added{.transport = read_transport(section, supported),
                         .address = section.required_socket_address("address"),
                         .line = section.line(),
                         .proxies = {}};
    const auto twin = std::ranges::find_if(
        listeners, [&](const Listener& other) { return same_port(other, added); });
    if (twin != listeners.end()) {
      section.fail("address",
                   added.address.to_string() + " (" + std::string{name_of(added.transport)} +
                       ") is already taken by the listener of line " + std::to_string(twin->line));
    }
    listeners.push_back(added);
  }
  if (listeners.empty()) {
    root.fail("listen", "is missing: add [[listen]] with `transport` and `address`");
  }
  return listeners;
}

LogConfig read_log_config(const ConfigSection& root) {
  const ConfigSection log = root.section("log");
  return {log.choice("level", LogLevel::Info,
                     {{"debug", LogLevel::Debug},
                      {"info", LogLevel::Info},
                      {"warn", LogLevel::Warn},
                      {"error", LogLevel::Error}}),
          log.choice("format", LogFormat::Text,
                     {{"text", LogFormat::Text}, {"json", LogFormat::Json}})};
}

std::optional<SocketAddress> read_metrics_address(const ConfigSection& root) {
  if (!root.has("metrics")) return std::nullopt;
  return root.section("metrics").required_socket_address("address");
}

unsigned read_workers(const ConfigSection& root) {
  constexpr std::int64_t kMaxWorkers = 1024;
  const auto workers = static_cast<unsigned>(root.integer("workers", 0, {0, kMaxWorkers}));
  if (workers > 0) return workers;
  return std::max(1U, std::thread::hardware_concurrency());
}

}  // namespace icebreaker::service
