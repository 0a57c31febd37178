// What one worker counts, and the sum of all workers as metrics.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "common/base/relaxed_counter.hpp"
#include "common/base/transport.hpp"
#include "common/net/datagram_io.hpp"
#include "common/net/stream_server.hpp"
#include "common/service/metrics.hpp"
#include "stun/core/responder.hpp"

namespace icebreaker::stun {

// Messages of one transport by what became of them.
class OutcomeCounters {
 public:
  void count(Outcome outcome) { ++by_outcome_[static_cast<std::size_t>(outcome)]; }

  [[nodiscard]] std::uint64_t of(Outcome outcome) const {
    return by_outcome_[static_cast<std::size_t>(outcome)];
  }

 private:
  std::array<RelaxedCounter, kOutcomes> by_outcome_;
};

enum class StreamEnd : std::uint8_t { ByPeer, Failed, Timeout, NotStun, NotReading };

inline constexpr std::size_t kStreamEnds = 5;

class StreamEndCounters {
 public:
  void count(StreamEnd end) { ++by_end_[static_cast<std::size_t>(end)]; }

  [[nodiscard]] std::uint64_t of(StreamEnd end) const {
    return by_end_[static_cast<std::size_t>(end)];
  }

 private:
  std::array<RelaxedCounter, kStreamEnds> by_end_;
};

// Views of one worker's counters; they outlive the view.
struct WorkerCounters {
  const OutcomeCounters* udp_messages;
  const OutcomeCounters* tcp_messages;
  const StreamEndCounters* tcp_ends;
  const net::IoCounters* datagrams;
  const net::StreamCounters* streams;
};

// Any thread.
service::MetricFamilies metrics_of(std::span<const WorkerCounters> workers);

}  // namespace icebreaker::stun
