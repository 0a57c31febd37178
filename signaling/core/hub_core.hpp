// Inside of the hub: its connections and what they wait for. The methods are spread over hub_*.cpp
// by topic.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/base/deadline_queue.hpp"
#include "common/signaling/json_codec.hpp"
#include "signaling/core/hub.hpp"
#include "signaling/core/rate_limiter.hpp"
#include "signaling/core/token_codec.hpp"

namespace icebreaker::signaling {

struct HubTimer {
  enum class Kind : std::uint8_t { Hello, SendAck, HoldEnd, IceRefresh, Goaway };
  ConnectionId connection;
  Kind kind = Kind::Hello;
  auto operator<=>(const HubTimer&) const = default;
};

}  // namespace icebreaker::signaling

template <>
struct std::hash<icebreaker::signaling::HubTimer> {
  std::size_t operator()(const icebreaker::signaling::HubTimer& timer) const noexcept {
    return std::hash<std::uint64_t>{}(timer.connection.value * 8U +
                                      static_cast<std::uint64_t>(timer.kind));
  }
};

namespace icebreaker::signaling {

class Hub::Core final : public StateListener {
 public:
  Core(HubConfig config, State& state, IceServerSource& ice, RandomSource& random, EffectSink& out);

  // hub_websocket.cpp
  void on_ws_open(Now now, ConnectionId connection, ClientInfo client);
  void on_ws_message(Now now, ConnectionId connection, std::string_view text);
  void on_ws_too_large(Now now, ConnectionId connection);
  void on_ws_closed(Now now, ConnectionId connection);
  // hub_http.cpp
  void open_session(Now now, ConnectionId request, ClientInfo client, std::string_view body);
  void post(Now now, ConnectionId request, const ClientInfo& client, std::string_view session,
            std::string_view body);
  void close_session(Now now, ConnectionId request, const UrlParameters& url);
  // hub_receive.cpp
  void poll(Now now, ConnectionId request, ClientInfo client, const UrlParameters& url);
  void on_request_gone(Now now, ConnectionId request);
  void on_wake(Now now, const SessionId& session, ReceiveId receive) override;
  void on_receive_ended(Now now, const SessionId& session, ReceiveId receive, End end) override;
  // hub.cpp
  void drain(Now now, std::chrono::milliseconds within);
  void on_deadline(Now now);
  [[nodiscard]] std::optional<MonoTime> next_deadline() const;
  void reconfigure(HubConfig config);
  [[nodiscard]] std::size_t receives(Transport transport) const;

  [[nodiscard]] const HubCounters& counters() const { return counters_; }

 private:
  // The open receive of a session, whatever carries it.
  struct Receiver {
    SessionId session;
    Epoch epoch = 0;
    ReceiveId receive;
    PeerId peer;
    Seq delivered = 0;  // the highest number handed over on this receive
    enum class Fetch : std::uint8_t { Idle, Running, Again } fetch = Fetch::Idle;
  };

  struct WebSocket {
    ClientInfo client;
    enum class Stage : std::uint8_t { AwaitsHello, Opening, Open } stage = Stage::AwaitsHello;
    Receiver receiver;
    // What the client sent and the state engine has not taken yet.
    std::vector<NumberedOperation> inbox;
    std::optional<Seq> ack;
    enum class Submit : std::uint8_t { Idle, Running } submit = Submit::Idle;
    SendNo received = 0;
    SendNo told_received = 0;
    std::optional<SendNo> told_gap;
  };

  struct HeldPoll {
    ClientInfo client;
    Receiver receiver;  // receive is 0 until the engine has opened it
  };

  struct Established {
    SessionInfo info;
    enum class How : std::uint8_t { Opened, Resumed, Recreated } how = How::Opened;
  };

  using OnEstablished = std::move_only_function<void(Now, std::expected<Established, ErrorCode>)>;
  using ReceiverKey = std::pair<SessionId, ReceiveId>;

  // hub_session.cpp: hello on either transport
  void establish(Now now, client::Hello hello, OnEstablished done);
  void open_or_recreate(Now now, const client::Hello& hello, OnEstablished done);
  std::string welcome_of(Now now, const Established& established, const ClientInfo& client);
  std::optional<server::Error> refuse_open(Now now, const ClientInfo& client);

  // hub_messages.cpp: what a client says, as operations
  struct ToOperation;
  NumberedOperation to_operation(Now now, ClientEnvelope envelope, const PeerId& peer,
                                 const ClientInfo& client);
  // A refusal that uses up the number of what it refuses.
  NumberedOperation refusal(const server::Error& error);
  NumberedOperation refusal(const DecodeError& error);
  operation::Answer ice_answer(Now now, const PeerId& peer, const ClientInfo& client);
  void count(const Submitted& submitted);
  // Counts the refusal.
  std::string error_text(const server::Error& error);

  // hub_websocket.cpp
  void on_hello(Now now, ConnectionId connection, ClientEnvelope envelope);
  void on_ws_established(Now now, ConnectionId connection, Established established);
  void on_ws_attached(Now now, ConnectionId connection, const Established& established,
                      std::expected<Attached, StateError> attached);
  void take(Now now, ConnectionId connection, ClientEnvelope envelope);
  void flush(Now now, ConnectionId connection);
  void on_ws_submitted(Now now, ConnectionId connection,
                       const std::expected<Submitted, StateError>& submitted);
  void acknowledge(Now now, ConnectionId connection, SendNo received);
  void send_ack(ConnectionId connection, WebSocket& ws);
  // Says why, closes, ends the receive.
  void fail_ws(Now now, ConnectionId connection, const server::Error& error);
  void close_ws(Now now, ConnectionId connection, CloseCode code, std::string reason);
  // Forgets the connection and ends its receive.
  void drop_ws(Now now, ConnectionId connection);

  // hub_receive.cpp
  using OnAttached = std::move_only_function<void(Now, std::expected<Attached, StateError>)>;
  // Detaches again when the connection is gone by then; `done` is for those that are still there.
  void attach(Now now, ConnectionId connection, AttachRequest request, OnAttached done);
  void on_poll_attached(Now now, ConnectionId request,
                        std::expected<Attached, StateError> attached);
  void end_hold(Now now, ConnectionId request);
  void drop_poll(ConnectionId request);
  Receiver* receiver_of(ConnectionId connection);
  void begin_receive(Now now, ConnectionId connection, Attached attached);
  void hand_over(Now now, ConnectionId connection, Delivery delivery);
  void fetch(Now now, ConnectionId connection);
  void on_fetched(Now now, ConnectionId connection, std::expected<Delivery, StateError> delivery);
  std::vector<std::string> numbered(Now now, Receiver& receiver, Delivery delivery);
  void fail_receive(Now now, ConnectionId connection, ErrorCode code, std::uint16_t status);
  void forget_early(const SessionId& session);
  void watch_ice(Now now, ConnectionId connection, std::chrono::milliseconds age);
  void refresh_ice(Now now, ConnectionId connection);

  // hub_http.cpp
  struct Post {
    Submission submission;  // its operations are made from `messages`
    std::vector<std::expected<ClientEnvelope, DecodeError>> messages;
    ClientInfo client;
  };

  void submit_post(Now now, ConnectionId request, Post post, const PeerId& peer);
  void on_posted(Now now, ConnectionId request, const std::expected<Submitted, StateError>& posted);
  // Only while the client waits for the answer.
  void respond(ConnectionId request, std::uint16_t status, std::string body,
               std::optional<std::chrono::seconds> retry_after = std::nullopt);
  void respond_error(ConnectionId request, std::uint16_t status, const server::Error& error);
  void respond_error(ConnectionId request, StateError error);

  void on_timer(Now now, const HubTimer& timer);
  void cancel_timers(ConnectionId connection);

  HubConfig config_;
  State& state_;
  IceServerSource& ice_;
  RandomSource& random_;
  EffectSink& out_;
  TokenCodec tokens_;
  RateLimiter opens_;
  RateLimiter messages_;
  HubCounters counters_;
  std::map<ConnectionId, WebSocket> sockets_;
  std::size_t open_sockets_ = 0;  // of them, those that have a session
  std::map<ConnectionId, HeldPoll> polls_;
  std::set<ConnectionId> requests_;  // waiting for an answer that is no poll
  std::map<ReceiverKey, ConnectionId> receivers_;
  // An engine may tell of a receive before it completes the attach that opened it.
  std::map<SessionId, std::uint32_t> attaching_;
  std::map<ReceiverKey, std::optional<End>> early_;
  DeadlineQueue<HubTimer> timers_;
  std::chrono::seconds ice_ttl_{3600};  // of the last list
  bool draining_ = false;
};

server::Error make_error(ErrorCode code);
ErrorCode code_of(StateError error);
std::uint16_t http_status_of(ErrorCode code);
CloseCode close_code_of(ErrorCode code);

}  // namespace icebreaker::signaling
