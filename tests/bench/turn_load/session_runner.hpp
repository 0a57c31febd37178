// Drives many sessions at once to where they want to be: sends their requests, so many at a time,
// repeats those that were not answered, and gives up on the server after a while.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "tests/bench/turn_load/crowd_socket.hpp"
#include "tests/bench/turn_load/turn_session.hpp"

namespace icebreaker::bench {

struct SessionRun {
  CrowdSocket* clients;
  Endpoint server;
  std::uint32_t first_ip;  // of the session 0
  std::uint32_t count;
  std::function<TurnSession&(std::uint32_t index)> session;
  std::string_view what;  // "allocating", for the errors
};

// Until no session has a request left. Throws std::runtime_error when one failed or stays
// unanswered.
void run_sessions(const SessionRun& run);

}  // namespace icebreaker::bench
