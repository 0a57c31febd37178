// Why a transport ended, in the words that decide what to do next. Transports make closures, the
// connection acts on them.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "common/signaling/messages.hpp"

namespace icebreaker::signaling_client {

enum class CloseReason : std::uint8_t {
  Network,      // nobody answered, or the connection broke
  Busy,         // the server asks to come back later
  Goaway,       // the instance drains
  SessionLost,  // what the protocol calls so
  Superseded,   // another receive of this session took over
  TooLarge,     // a message has to be dropped
  Bad,          // one side broke the protocol
  Refused,      // trying again is of no use
};

struct Closure {
  CloseReason reason = CloseReason::Network;
  std::optional<signaling::ErrorCode> code = std::nullopt;
  std::string text{};
  std::optional<std::chrono::milliseconds> retry_after = std::nullopt;
  bool operator==(const Closure&) const = default;
};

// A WebSocket close code (0 = none), and the server's `error` without a number if there was one.
Closure closure_of_socket(std::uint16_t close_code,
                          const std::optional<signaling::server::Error>& error);

// An HTTP status (0 = nobody answered), the error in its body and its Retry-After.
Closure closure_of_http(std::uint16_t status, const std::optional<signaling::server::Error>& error,
                        std::optional<std::chrono::milliseconds> retry_after);

}  // namespace icebreaker::signaling_client
