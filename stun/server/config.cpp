#include "stun/server/config.hpp"

namespace icebreaker::stun {
namespace {

using namespace std::chrono_literals;

TcpLimits read_tcp(const service::ConfigSection& tcp) {
  constexpr std::int64_t kDefaultConnections = 10'000;
  constexpr std::int64_t kMostConnections = 10'000'000;
  return {static_cast<std::size_t>(
              tcp.integer("connections", kDefaultConnections, {1, kMostConnections})),
          tcp.duration("idle_timeout_s", 60s, {1s, 24h}),
          tcp.duration("message_timeout_s", 5s, {1s, 1h})};
}

}  // namespace

ServerConfig read_config(const service::ConfigSection& root) {
  // Accepting the section in silence would let an operator believe that discovery works.
  if (root.has("discovery")) {
    root.fail("discovery",
              "NAT behaviour discovery (RFC 5780) is not available in this version; remove the "
              "section, Binding works without it");
  }
  return {.workers = service::read_workers(root),
          .listeners = service::read_listeners(root, {Transport::Udp, Transport::Tcp}),
          .tcp = read_tcp(root.section("tcp")),
          .metrics = service::read_metrics_address(root)};
}

}  // namespace icebreaker::stun
