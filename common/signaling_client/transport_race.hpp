// Finds a transport that works: WebSocket first, HTTP when that fails or hangs. Hello is never in
// flight on two transports at once, since the second one would end or supersede the first one's
// session. With a WebSocket alone it is the try to go back to it.
#pragma once

#include <optional>
#include <vector>

#include "common/signaling_client/transport.hpp"

namespace icebreaker::signaling_client {

class TransportRace {
 public:
  // The runners, WebSocket first; they outlive the race.
  TransportRace(TransportContext& context, std::vector<Transport*> runners);

  [[nodiscard]] OwnerId id() const { return id_; }

  [[nodiscard]] bool holds(const Transport& transport) const;

  // Whether somebody said hello.
  [[nodiscard]] bool spoke() const { return speaker_ != nullptr; }

  void start(Now now);
  // True when this transport shall say hello now.
  [[nodiscard]] bool opened(Now now, Transport& transport);
  void won(const Transport& transport);

  // The transport that shall say hello now, if one waited for that; or why nobody is left.
  struct Next {
    Transport* speaker = nullptr;
    std::optional<Closure> failure;
  };

  Next lost(Now now, Transport& transport, const Closure& closure);
  Next on_timer(Now now, Timer timer);
  void cancel();

 private:
  void start_http(Now now);
  void speak(Now now, Transport& transport);
  void finish();
  enum class Side : std::uint8_t { WebSocket, Http };
  [[nodiscard]] Transport* find(Side side) const;

  TransportContext& context_;
  OwnerId id_;
  std::vector<Transport*> runners_;  // still in the race
  Transport* speaker_ = nullptr;
  Transport* ready_ = nullptr;  // open, but somebody else is speaking
  bool over_ = false;
};

}  // namespace icebreaker::signaling_client
