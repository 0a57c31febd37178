// The measurements that turn-load offers, one for each word of its command line.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include <sys/types.h>

#include "tests/bench/turn_load/closed_loop.hpp"
#include "tests/bench/turn_load/crowd.hpp"
#include "tests/bench/turn_load/open_loop.hpp"

namespace icebreaker::bench {

// Names and figures, as printed.
using Figures = std::map<std::string, double>;

struct Subject {
  Endpoint server;
  Credentials credentials;
  pid_t pid = 0;  // 0: nothing is known of its process, and nothing of it reported
};

struct TrafficOptions {
  std::uint32_t allocations = 1;
  std::size_t payload_bytes = 160;
  std::size_t burst = 1;
  Sending sending = Sending::Single;
  std::size_t in_flight = 1024;  // relay
  double per_second = 10'000;    // pace
  std::chrono::milliseconds duration{2000};
};

struct ControlOptions {
  std::uint32_t clients = 64;
  std::chrono::milliseconds duration{2000};
};

struct SoakingOptions {
  std::uint32_t clients = 1000;
  double minutes = 10;
  double clock_factor = 1;  // of the server's clock beside ours
};

// Each throws std::runtime_error when the server did not do its part or a payload arrived changed
// or twice.

// As fast as the server.
Figures measure_relay(const Subject& subject, const TrafficOptions& options);
// At a given rate.
Figures measure_pace(const Subject& subject, const TrafficOptions& options);
// The highest rate at which less than 0.5 % is lost.
Figures measure_capacity(const Subject& subject, const TrafficOptions& options);
// Clients that allocate, from the challenge on, and release at once.
Figures measure_cycles(const Subject& subject, const ControlOptions& options);
// What an allocation with a channel that was used keeps in the server's memory.
Figures measure_memory(const Subject& subject, const ControlOptions& options);
Figures measure_binding(const Subject& subject, const ControlOptions& options);
// Clients that come and go; prints a line a minute to stderr. Throws also when something of them
// stays in the server.
Figures measure_soak(const Subject& subject, const SoakingOptions& options);

}  // namespace icebreaker::bench
