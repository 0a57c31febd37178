// Counters of the loop's thread, published for the metrics endpoint's threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>

#include "common/service/metrics.hpp"
#include "signaling/core/counters.hpp"
#include "signaling/server/front.hpp"
#include "signaling/server/web_server.hpp"
#include "signaling/state/redis/link_stats.hpp"

namespace icebreaker::signaling {

struct SignalNumbers {
  HubCounters hub;
  WebCounters web;
  FrontCounters front;
  std::array<std::uint64_t, kTransportCount> receives{};
  std::optional<RedisLinkStats> redis{};  // absent: the state is in memory
  std::uint64_t open_connections = 0;
  std::uint64_t tcp_connections = 0;
  std::uint64_t loop_turns = 0;
};

class SignalMetrics {
 public:
  // The loop's thread, once per turn.
  void publish(const SignalNumbers& numbers);
  // Any thread.
  [[nodiscard]] service::MetricFamilies collect() const;

 private:
  mutable std::mutex mutex_;
  SignalNumbers numbers_;
};

}  // namespace icebreaker::signaling
