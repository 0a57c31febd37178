// Keeps a session connected: races the transports, reconnects with back-off, moves from HTTP to
// WebSocket, and hands on each numbered message once and in order. What the messages mean is the
// client's business.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "common/base/random.hpp"
#include "common/signaling_client/transport_race.hpp"
#include "common/signaling_client/transport_upgrade.hpp"
#include "common/signaling_client/verdict.hpp"

namespace icebreaker::signaling_client {

// Those that may be used, one at least; the best first.
struct TransportChoice {
  bool web_socket = true;
  bool event_stream = true;
  bool long_poll = true;
  bool operator==(const TransportChoice&) const = default;

  [[nodiscard]] bool http() const { return event_stream || long_poll; }

  [[nodiscard]] bool any() const { return web_socket || http(); }

  [[nodiscard]] TransportKind best() const {
    if (web_socket) return TransportKind::WebSocket;
    return event_stream ? TransportKind::EventStream : TransportKind::LongPoll;
  }

  static const TransportChoice kAny;
  static const TransportChoice kWebSocketOnly;
  static const TransportChoice kEventStreamOnly;
  static const TransportChoice kLongPollOnly;
};

inline constexpr TransportChoice TransportChoice::kAny{true, true, true};
inline constexpr TransportChoice TransportChoice::kWebSocketOnly{true, false, false};
inline constexpr TransportChoice TransportChoice::kEventStreamOnly{false, true, false};
inline constexpr TransportChoice TransportChoice::kLongPollOnly{false, false, true};

struct ConnectionCounters {
  std::uint64_t resumed = 0;
  std::uint64_t anew = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t gaps = 0;
  std::uint64_t received = 0;
};

// The client, as its connection sees it.
class ConnectionListener {
 public:
  virtual ~ConnectionListener() = default;
  [[nodiscard]] virtual signaling::client::Hello make_hello() const = 0;
  // The session state has it already.
  virtual void on_welcome(Now now, const signaling::server::Welcome& welcome) = 0;
  // The numbering starts anew, nothing is in flight.
  virtual void on_anew(Now now, notice::Anew::Peer peer) = 0;
  virtual void on_message(Now now, signaling::ServerMessage message) = 0;
  virtual void on_stopped() = 0;
};

class Connection final : private TransportListener {
 public:
  struct Surroundings {
    ClientSink& out;
    RandomSource& random;
    SessionState& session;
    Timers& timers;
    ConnectionListener& listener;
  };

  Connection(TransportChoice choice, const Surroundings& surroundings);

  [[nodiscard]] ClientState state() const { return state_; }

  [[nodiscard]] std::optional<TransportKind> transport() const;

  [[nodiscard]] const ConnectionCounters& counters() const { return counters_; }

  void start(Now now);
  void flush(Now now);
  // The network may have changed.
  void wake(Now now);
  // Goes on with the best of these, at once if another one carries the session.
  void use(Now now, const TransportChoice& choice);
  // Ends the session, too.
  void stop(Now now);
  void on_event(Now now, const Event& event);
  void on_timer(Now now, const TimerKey& key);

 private:
  void on_open(Now now, Transport& transport) override;
  void on_welcome(Now now, Transport& transport,
                  const signaling::server::Welcome& welcome) override;
  void on_message(Now now, Transport& transport, signaling::ServerEnvelope envelope) override;
  void on_unknown(Now now, Transport& transport, signaling::Seq seq) override;
  void on_renamed(Now now, Transport& transport) override;
  void on_closed(Now now, Transport& transport, const Closure& closure) override;

  void connect(Now now);
  void try_upgrade(Now now);
  template <class T, class... Rest>
  Transport* make(Rest... rest);
  Transport* make_http();
  // The server asked not to be called yet.
  [[nodiscard]] bool is_unwelcome(Now now) const;
  void follow(Now now, std::optional<TransportRace>& race, const TransportRace::Next& next);
  enum class Take : std::uint8_t { Yes, No };
  Take receive(Now now, Transport& transport, signaling::Seq seq);
  void on_unnumbered(Now now, const signaling::ServerMessage& message);
  void on_lost(Now now, const Closure& closure);
  void on_upgrade_failed(Now now);
  void on_hello_failed(Now now, Closure closure);
  void retry(Now now, const Closure& closure);
  void anew(Now now, notice::Anew::Peer peer);
  void drop();
  void forget_closed_transports();
  void set_state(ClientState state);

  ClientSink& out_;
  RandomSource& random_;
  SessionState& session_;
  Timers& timers_;
  ConnectionListener& listener_;
  std::uint64_t last_id_ = 0;
  StreamTrust streams_;
  TransportContext context_;
  TransportChoice choice_;
  ClientState state_ = ClientState::Idle;
  Verdict verdict_;
  TransportUpgrade upgrade_;
  std::vector<std::unique_ptr<Transport>> transports_;
  std::optional<TransportRace> race_;
  std::optional<TransportRace> upgrade_race_;
  Transport* transport_ = nullptr;
  std::optional<Closure> parked_;  // why it ended while a better one was about to take over
  MonoTime welcomed_at_;
  MonoTime welcome_from_;
  std::uint32_t failures_ = 0;
  ConnectionCounters counters_;
};

}  // namespace icebreaker::signaling_client
