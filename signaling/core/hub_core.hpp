// Inside of the hub: its connections and what they wait for. The methods are spread over hub_*.cpp
// by topic.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/base/deadline_queue.hpp"
#include "common/signaling/json_codec.hpp"
#include "signaling/core/hub.hpp"
#include "signaling/core/rate_limiter.hpp"
#include "signaling/core/token_codec.hpp"

namespace icebreaker::signaling {

struct HubTimer {
  enum class Kind : std::uint8_t { Hello, SendAck, HoldEnd, IceRefresh, StreamPing, Goaway };
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
  Core(HubConfig config, const HubParts& parts);

  // hub_websocket.cpp
  void on_ws_open(Now now, ConnectionId connection, ClientInfo client);
  void on_ws_message(Now now, ConnectionId connection, std::string_view text);
  void on_ws_too_large(Now now, ConnectionId connection);
  void on_ws_closed(Now now, ConnectionId connection);
  // hub_http.cpp
  void open_session(Now now, ConnectionId request, const ClientInfo& client, std::string_view body);
  void post(Now now, ConnectionId request, const ClientInfo& client, std::string_view session,
            std::string_view body);
  void close_session(Now now, ConnectionId request, const ClientInfo& client,
                     const UrlParameters& url);
  // hub_receive.cpp
  void poll(Now now, ConnectionId request, ClientInfo client, const UrlParameters& url);
  void on_request_gone(Now now, ConnectionId request);
  // hub_events.cpp
  void events(Now now, ConnectionId request, ClientInfo client, const UrlParameters& url);
  // hub_receive.cpp
  void on_wake(Now now, const SessionId& session, ReceiveId receive) override;
  void on_frames(Now now, const SessionId& session, ReceiveId receive, Delivery delivery) override;
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
    // There was something to hand over, and has not been yet; and once more, during a fetch.
    std::optional<MonoTime> woken;
    std::optional<MonoTime> woken_again;
    Transport transport = Transport::WebSocket;
  };

  // What an access token said of a session when it was opened.
  struct Vouched {
    std::string user;
    std::optional<Grants> grants;  // absent: no token made this session
  };

  // Who speaks, for what becomes of a message.
  struct Speaker {
    const PeerId& peer;
    const ClientInfo& client;
    const Vouched& vouched;
  };

  // What a client sent, or what is wrong with it, and the state engine has not taken yet.
  struct Waiting {
    std::expected<ClientEnvelope, server::Error> message;  // the error has an n
    enum class Rate : std::uint8_t { Due, Paid } rate = Rate::Due;
  };

  // After a message was refused for its rate, so are those that the client sent behind it before it
  // knew: sent again in their order, they arrive in it.
  struct RatePause {
    MonoTime until{};  // refused meanwhile
    MonoTime told{};   // when to try again
    Limited what = Limited::Message;

    [[nodiscard]] std::chrono::milliseconds wait(Now now) const {
      return std::chrono::ceil<std::chrono::milliseconds>(told - now.mono);
    }
  };

  struct WebSocket {
    ClientInfo client;
    enum class Stage : std::uint8_t { AwaitsHello, Opening, Open } stage = Stage::AwaitsHello;
    Receiver receiver;
    std::unique_ptr<const Vouched> vouched;  // null: nothing
    std::vector<Waiting> inbox;
    std::optional<Seq> ack;
    enum class Submit : std::uint8_t { Idle, Running } submit = Submit::Idle;
    SendNo received = 0;
    SendNo told_received = 0;
    std::optional<SendNo> told_gap;
    RatePause pause;
  };

  // A request that waits for messages: until there are some, or as an event stream.
  struct HeldPoll {
    ClientInfo client;
    Receiver receiver;  // receive is 0 until the engine has opened it
    MonoTime since;     // when it had

    [[nodiscard]] bool is_open() const { return receiver.receive != ReceiveId{}; }
  };

  using EventStream = HeldPoll;

  struct Established {
    SessionInfo info;
    enum class How : std::uint8_t { Opened, Resumed, Recreated } how = How::Opened;
  };

  // A session to open, when its tokens allow it.
  struct Entry {
    OpenRequest request;
    Established::How how = Established::How::Opened;
  };

  struct NoEntry {
    server::Error error;
    std::optional<TokenProblem> problem;
  };

  using OnEstablished =
      std::move_only_function<void(Now, std::expected<Established, server::Error>)>;
  using ReceiverKey = std::pair<SessionId, ReceiveId>;
  using ReceiverView = std::pair<const SessionId&, ReceiveId>;

  struct ReceiverHash {
    using is_transparent = void;  // NOLINT(readability-identifier-naming): the library's name

    std::size_t operator()(const ReceiverView& key) const noexcept {
      return std::hash<SessionId>{}(key.first) + std::hash<ReceiveId>{}(key.second);
    }
  };

  struct SameReceiver {
    using is_transparent = void;  // NOLINT(readability-identifier-naming): the library's name

    bool operator()(const ReceiverView& a, const ReceiverView& b) const noexcept {
      return a.second == b.second && a.first == b.first;
    }
  };

  // hub_session.cpp: hello on either transport
  void establish(Now now, client::Hello hello, const ClientInfo& client, OnEstablished done);
  void pay_to_enter(Now now, client::Hello hello, const IpAddress& address, OnEstablished done);
  void enter(Now now, const client::Hello& hello, OnEstablished done);
  void open(Now now, std::expected<Entry, NoEntry> entry, OnEstablished done);
  std::string welcome_of(Now now, const Established& established, const ClientInfo& client);

  // hub_access.cpp: tokens, grants and rates
  [[nodiscard]] bool wants_tokens() const { return config_.access.auth == AuthMode::Token; }

  [[nodiscard]] std::expected<Entry, NoEntry> entry_of(Now now, const client::Hello& hello);
  [[nodiscard]] std::expected<Entry, NoEntry> entry_by_token(Now now,
                                                             const client::Hello& hello) const;
  [[nodiscard]] std::expected<Entry, NoEntry> re_entry_of(Now now,
                                                          const client::Hello& hello) const;
  void count_token_refused(TokenProblem problem);
  static NoEntry no_entry(ErrorCode code, TokenRefusal refusal);
  static Vouched vouched_of(const Standing& standing);
  // Whose messages these are, for their rate; null: of a session whose user nobody vouches for.
  static std::string sender_of(const Vouched* vouched, std::string_view session);
  [[nodiscard]] std::optional<std::string> forbidden(const Vouched& vouched,
                                                     const ClientMessage& message) const;
  // Of what all instances limit together.
  [[nodiscard]] GcraRate rate_of(Limited what) const;
  [[nodiscard]] MessageRates message_rates() const;
  // Why a request or a hello is not looked at.
  std::optional<server::Error> refuse_request(Now now, const ClientInfo& client);
  // Completes with why not, at once when there is nothing to charge.
  void charge(Now now, Limited what, std::vector<RateCharge> charges,
              std::move_only_function<void(Now, std::optional<server::Error>)> done);
  server::Error rate_limited(Limited what, std::chrono::milliseconds retry_after);
  // Uses up its number.
  void refuse_message(std::expected<ClientEnvelope, server::Error>& message, server::Error error);

  // hub_messages.cpp: what a client says, as operations
  struct ToOperation;
  NumberedOperation to_operation(Now now, ClientEnvelope envelope, const Speaker& speaker);
  // A refusal that uses up the number of what it refuses.
  NumberedOperation refusal(const server::Error& error);
  operation::Answer ice_answer(Now now, const PeerId& peer, const ClientInfo& client);
  void count_join_refused(ErrorCode why);
  void count(const Submitted& submitted);
  // Counts the refusal.
  std::string error_text(const server::Error& error);

  // hub_websocket.cpp
  void on_hello(Now now, ConnectionId connection, ClientEnvelope envelope);
  void on_ws_established(Now now, ConnectionId connection, Established established);
  void on_ws_attached(Now now, ConnectionId connection, const Established& established,
                      std::expected<Attached, StateError> attached);
  void take(Now now, ConnectionId connection, WebSocket& ws, ClientEnvelope&& envelope);
  void queue(Now now, ConnectionId connection, WebSocket& ws, Waiting&& waiting);
  void pause_above_rate(Now now, WebSocket& ws);
  static bool is_ready(const WebSocket& ws);
  void flush(Now now, ConnectionId connection, WebSocket& ws);
  [[nodiscard]] std::optional<Limited> debt_of(const WebSocket& ws, const Waiting& waiting) const;
  void charge_first(Now now, ConnectionId connection, Limited what);
  void on_ws_charged(Now now, ConnectionId connection, Limited what,
                     std::optional<server::Error> error);
  void submit_inbox(Now now, ConnectionId connection, WebSocket& ws);
  static Submission begin_submission(WebSocket& ws);
  void add_operation(Now now, ConnectionId connection, const WebSocket& ws, Submission& submission,
                     Waiting&& waiting);
  void submit(Now now, ConnectionId connection, Submission submission);
  void on_ws_submitted(Now now, ConnectionId connection,
                       const std::expected<Submitted, StateError>& submitted);
  void acknowledge(Now now, ConnectionId connection, WebSocket& ws, SendNo received);
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
  // What the URL says; nothing when it was refused.
  std::optional<ResumeRequest> receive_request(Now now, ConnectionId request,
                                               const ClientInfo& client, const UrlParameters& url);
  void drop_poll(ConnectionId request);
  Receiver* receiver_of(ConnectionId connection);
  void begin_receive(Now now, ConnectionId connection, Attached attached);
  void hand_over(Now now, ConnectionId connection, Delivery delivery);
  static void note_wake(Now now, Receiver& receiver);
  void fetch(Now now, ConnectionId connection);
  void on_fetched(Now now, ConnectionId connection, std::expected<Delivery, StateError> delivery);
  std::vector<std::string> numbered(Now now, Receiver& receiver, Delivery delivery);
  void fail_receive(Now now, ConnectionId connection, ErrorCode code, std::uint16_t status);
  void forget_early(const SessionId& session);
  void watch_ice(Now now, ConnectionId connection, std::chrono::milliseconds age);
  void refresh_ice(Now now, ConnectionId connection);

  // hub_events.cpp
  void on_stream_attached(Now now, ConnectionId request,
                          std::expected<Attached, StateError> attached);
  void ping_stream(Now now, ConnectionId request);
  void fail_stream(Now now, ConnectionId request, const server::Error& error);
  void end_stream(Now now, ConnectionId request);
  // Forgets the stream and ends its receive.
  void drop_stream(Now now, ConnectionId request);

  // hub_http.cpp
  struct Post {
    Submission submission;  // its operations are made from `messages`
    std::vector<std::expected<ClientEnvelope, DecodeError>> messages;
    ClientInfo client;
    PeerId peer;  // this and what follows only when a message needs it
    Vouched vouched;
  };

  // Charges the user, who is not known before.
  void look_up_poster(Now now, ConnectionId request, Post post);
  bool pays_as_sender(Now now, ConnectionId request, const Post& post);
  void charge_post(Now now, ConnectionId request, Post post);
  void refuse_post(ConnectionId request, const Post& post, const server::Error& error);
  void submit_post(Now now, ConnectionId request, Post post);
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
  const TokenVerifier& verifier_;
  RandomSource& random_;
  EffectSink& out_;
  TokenCodec tokens_;
  MessageLimiter messages_;
  HubCounters counters_;
  std::map<ConnectionId, WebSocket> sockets_;
  std::size_t open_sockets_ = 0;  // of them, those that have a session
  std::map<ConnectionId, HeldPoll> polls_;
  std::map<ConnectionId, EventStream> streams_;
  std::set<ConnectionId> requests_;  // waiting for an answer
  std::unordered_map<ReceiverKey, ConnectionId, ReceiverHash, SameReceiver> receivers_;
  // An engine may tell of a receive before it completes the attach that opened it.
  std::map<SessionId, std::uint32_t> attaching_;
  std::map<ReceiverKey, std::optional<End>> early_;
  DeadlineQueue<HubTimer> timers_;
  bool draining_ = false;
};

// With a time to try again where there is one.
server::Error make_error(ErrorCode code);
server::Error error_of(const DecodeError& error);
// What limits a message besides the rate of all messages.
std::optional<Limited> limit_of(const ClientMessage& message);
ErrorCode code_of(StateError error);
std::uint16_t http_status_of(ErrorCode code);
CloseCode close_code_of(ErrorCode code);

}  // namespace icebreaker::signaling
