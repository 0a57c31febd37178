// Drives many sessions at once to where they want to be: sends their requests, so many at a time,
// repeats those that were not answered, and gives up on the server after a while.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "tests/bench/turn_load/crowd_socket.hpp"
#include "tests/bench/turn_load/turn_session.hpp"

namespace icebreaker::bench {

// Every client has an address of its own, which follows from its session's number.
inline constexpr std::uint32_t kFirstClientIp = 0x7F100001;  // 127.16.0.1
inline constexpr std::uint32_t kClientIps = 512'000;

constexpr std::uint32_t client_ip(std::uint32_t session_number) {
  return kFirstClientIp + session_number % kClientIps;
}

// Where sessions follow each other in so many places, an address must stay with its place when the
// addresses begin again. Throws std::runtime_error.
void check_places(std::uint32_t count);

struct SessionRun {
  CrowdSocket* clients;
  Endpoint server;
  std::uint32_t count;  // of places; session numbers are theirs plus a multiple of the count
  std::function<TurnSession&(std::uint32_t place)> session;
  std::string_view what;  // "allocating", for the errors
  // Called when a session is where it wanted to be; it may ask for more, or put another session in
  // its place.
  std::function<void(std::uint32_t place)> on_done = [](std::uint32_t /*place*/) {};
};

// Until no session has a request left. Throws std::runtime_error when one failed or stays
// unanswered.
void run_sessions(const SessionRun& run);

}  // namespace icebreaker::bench
