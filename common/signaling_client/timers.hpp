// Everything that the client waits for, in one queue: who waits, and for what.
#pragma once

#include <algorithm>
#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "common/base/deadline_queue.hpp"
#include "common/base/strong_id.hpp"

namespace icebreaker::signaling_client {

// A transport or a race; 0 is the connection itself.
using OwnerId = StrongId<struct OwnerTag, std::uint64_t>;

enum class Timer : std::uint8_t {
  Reconnect,     // connection
  Upgrade,       // connection: try WebSocket again
  Pace,          // client: go on after a refusal for the rate
  Ice,           // client: the list gets old
  HeadStart,     // race: start HTTP
  Patience,      // race: the WebSocket is too slow
  Acknowledge,   // WebSocket, event stream
  Confirmation,  // WebSocket: the server confirms, or the connection is dead
  Receive,       // HTTP: hello or poll is not answered, a stream is silent
  ReceivePause,
  Send,  // HTTP: POST is not answered
  SendPause,
};

struct TimerKey {
  OwnerId owner;
  Timer timer = Timer::Reconnect;
  auto operator<=>(const TimerKey&) const = default;
};

}  // namespace icebreaker::signaling_client

template <>
struct std::hash<icebreaker::signaling_client::TimerKey> {
  std::size_t operator()(const icebreaker::signaling_client::TimerKey& key) const noexcept {
    return std::hash<std::uint64_t>{}(key.owner.value * 16 + static_cast<std::size_t>(key.timer));
  }
};

namespace icebreaker::signaling_client {

using Timers = DeadlineQueue<TimerKey>;

// What a server asks us to wait, within what a clock can hold.
inline std::chrono::milliseconds within_a_day(std::chrono::milliseconds wait) {
  return std::min<std::chrono::milliseconds>(wait, std::chrono::hours{24});
}

}  // namespace icebreaker::signaling_client
