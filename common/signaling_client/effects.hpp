// What the client wants done, what the shell tells it, and what the application hears: all values.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "common/base/strong_id.hpp"
#include "common/signaling/messages.hpp"
#include "common/signaling_client/verdict.hpp"

namespace icebreaker::signaling_client {

// Allotted by the client, never reused: one per WebSocket connection and one per HTTP request.
using LinkId = StrongId<struct LinkTag, std::uint64_t>;

enum class Method : std::uint8_t { Get, Post, Delete };
// The two of HTTP differ in how they receive.
enum class TransportKind : std::uint8_t { WebSocket, EventStream, LongPoll };

// Paths are relative to the server's base URL: "v1/ws".
namespace effect {

// Connects, subprotocol icebreaker.v1. Answered by SocketOpened or SocketClosed.
struct OpenSocket {
  LinkId link;
  std::string path;
  bool operator==(const OpenSocket&) const = default;
};

struct SendFrame {
  LinkId link;
  std::string text;
  bool operator==(const SendFrame&) const = default;
};

// Ends it after what was sent, with 1000. The client knows the link no more.
struct CloseSocket {
  LinkId link;
  bool operator==(const CloseSocket&) const = default;
};

// Body, if any, as application/json. Answered by Responded, unless it is cancelled. Read as a
// stream, a response 200 of type text/event-stream comes in Pieces before that.
struct StartRequest {
  enum class Reading : std::uint8_t { Whole, Stream };

  LinkId link{};
  Method method = Method::Get;
  std::string path{};
  std::string body{};
  Reading reading = Reading::Whole;
  bool operator==(const StartRequest&) const = default;
};

struct CancelRequest {
  LinkId link;
  bool operator==(const CancelRequest&) const = default;
};

}  // namespace effect

using Effect = std::variant<effect::OpenSocket, effect::SendFrame, effect::CloseSocket,
                            effect::StartRequest, effect::CancelRequest>;

// From the shell. Those of a link that was closed or cancelled are ignored.
namespace event {

struct SocketOpened {
  LinkId link;
};

struct Frame {
  LinkId link;
  std::string text;
};

struct SocketClosed {
  LinkId link;
  std::uint16_t code = 0;  // 0 = no close frame
};

struct Piece {
  LinkId link;
  std::string bytes;
};

struct Responded {
  LinkId link;
  std::uint16_t status = 0;  // 0 = nobody answered
  std::string body;
  std::optional<std::chrono::milliseconds> retry_after;
};

}  // namespace event

using Event = std::variant<event::SocketOpened, event::Frame, event::SocketClosed, event::Piece,
                           event::Responded>;

enum class ClientState : std::uint8_t { Idle, Connecting, Open, Reconnecting, Stopped };

// To the application.
namespace notice {

struct StateChanged {
  ClientState state = ClientState::Idle;
  std::optional<TransportKind> transport;  // while open
  std::uint32_t failures = 0;              // in a row
  bool operator==(const StateChanged&) const = default;
};

// A numbered message of the server, once and in order.
struct Received {
  signaling::ServerMessage message;
  bool operator==(const Received&) const = default;
};

// The session was lost and another one took its place: what was in flight is gone; rooms, queues
// and watched users are asked for again.
struct Anew {
  enum class Peer : std::uint8_t { Same, Another };
  Peer peer = Peer::Same;
  bool operator==(const Anew&) const = default;
};

struct IceServersChanged {
  signaling::IceServerList ice;
  bool operator==(const IceServersChanged&) const = default;
};

// The server refused a message for its rate; it is sent again, and nothing is lost.
struct Throttled {
  std::chrono::milliseconds retry_after{0};
  bool operator==(const Throttled&) const = default;
};

// The client gave up.
struct Stopped {
  StopReason why;
  bool operator==(const Stopped&) const = default;
};

}  // namespace notice

using Notice = std::variant<notice::StateChanged, notice::Received, notice::Anew,
                            notice::IceServersChanged, notice::Throttled, notice::Stopped>;

// Neither may call the client: queue and return.
class ClientSink {
 public:
  virtual ~ClientSink() = default;
  virtual void emit(Effect effect) = 0;
  virtual void notify(Notice notice) = 0;
};

}  // namespace icebreaker::signaling_client
