// The counters of all workers as Prometheus families.
#pragma once

#include <vector>

#include "common/net/datagram_io.hpp"
#include "common/net/dtls_clients.hpp"
#include "common/net/stream_server.hpp"
#include "common/service/metrics.hpp"
#include "turn/server/counters.hpp"

namespace icebreaker::turn {

struct StreamClientCounters;

struct WorkerSources {
  const WorkerCounters* counters;
  const net::IoCounters* io;
  const StreamClientCounters* clients;
  const net::StreamCounters* streams;
  const net::DtlsCounters* dtls;
};

// Sums over the workers, and those of the process.
service::MetricFamilies collect_metrics(const std::vector<WorkerSources>& workers);

}  // namespace icebreaker::turn
