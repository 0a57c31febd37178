// What the hub wants done. The shell implements EffectSink; effects come in order, per connection
// and over all.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "common/base/strong_id.hpp"

namespace icebreaker::signaling {

// Allotted by the shell, never reused: one per WebSocket connection and one per HTTP request, which
// may become an event stream.
using ConnectionId = StrongId<struct ConnectionTag, std::uint64_t>;

enum class CloseCode : std::uint16_t {
  Normal = 1000,
  TooLarge = 1009,
  Goaway = 1012,
  BadMessage = 4400,
  Unauthorized = 4401,
  Forbidden = 4403,
  SessionLost = 4404,
  Superseded = 4409,
  RateLimited = 4429,
  Unavailable = 4503,
};

namespace effect {

// A text frame on a WebSocket connection.
struct Send {
  ConnectionId connection;
  std::string text;
  bool operator==(const Send&) const = default;
};

// Ends a WebSocket connection after what was sent. The hub knows the connection no more.
struct Close {
  ConnectionId connection;
  CloseCode code = CloseCode::Normal;
  std::string reason;
  bool operator==(const Close&) const = default;
};

// Answers an HTTP request: application/json, or no body with 204. The hub knows it no more.
struct Respond {
  ConnectionId connection;
  std::uint16_t status = 200;
  std::string body;
  std::optional<std::chrono::seconds> retry_after;
  bool operator==(const Respond&) const = default;
};

// Answers a request with an event stream (200, text/event-stream) that stays open.
struct OpenStream {
  ConnectionId connection;
  bool operator==(const OpenStream&) const = default;
};

struct StreamEvent {
  ConnectionId connection;
  std::optional<std::uint64_t> id;  // the seq of a numbered message
  std::string text;
  bool operator==(const StreamEvent&) const = default;
};

// So that whatever is between us and the client keeps the stream.
struct StreamComment {
  ConnectionId connection;
  bool operator==(const StreamComment&) const = default;
};

// After what was sent. The hub knows the stream no more.
struct EndStream {
  ConnectionId connection;
  bool operator==(const EndStream&) const = default;
};

}  // namespace effect

using Effect = std::variant<effect::Send, effect::Close, effect::Respond, effect::OpenStream,
                            effect::StreamEvent, effect::StreamComment, effect::EndStream>;

class EffectSink {
 public:
  virtual ~EffectSink() = default;
  // Must not call the hub: queue and return.
  virtual void emit(Effect effect) = 0;
};

}  // namespace icebreaker::signaling
