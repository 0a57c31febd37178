// The measurements that turn-load offers, one for each word of its command line.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include <sys/types.h>

#include "tests/bench/turn_load/closed_loop.hpp"
#include "tests/bench/turn_load/crowd.hpp"

namespace icebreaker::bench {

// Names and figures, as printed.
using Figures = std::map<std::string, double>;

struct Subject {
  Endpoint server;
  Credentials credentials;
  pid_t pid = 0;  // 0: nothing is known of its process, and no CPU time reported
};

struct RelayOptions {
  std::uint32_t allocations = 1;
  std::size_t payload_bytes = 160;
  ClosedLoopOptions loop;
  std::chrono::milliseconds warm_up{300};
  std::chrono::milliseconds duration{2000};
};

// Each throws std::runtime_error when the server did not do its part or a payload arrived changed.
Figures measure_relay(const Subject& subject, const RelayOptions& options);

}  // namespace icebreaker::bench
