// What one worker counts, and the sum of all workers as metrics.
#pragma once

#include <cstdint>
#include <span>

#include "common/base/counter_per.hpp"
#include "common/base/transport.hpp"
#include "common/net/datagram_io.hpp"
#include "common/net/stream_server.hpp"
#include "common/service/metrics.hpp"
#include "stun/core/responder.hpp"

namespace icebreaker::stun {

// Messages of one transport by what became of them.
using OutcomeCounters = CounterPer<Outcome>;

enum class StreamEnd : std::uint8_t { ByPeer, Failed, Timeout, NotStun, NotReading, Count };

using StreamEndCounters = CounterPer<StreamEnd>;

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
