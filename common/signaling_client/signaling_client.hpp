// The signaling client without I/O, the C++ mirror of web/src/signaling_client.js: a session that
// outlives its connections. Every message sent arrives once and in order, and so does every message
// of the server, whatever happens to the transports. common/client_net runs it on sockets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/base/random.hpp"
#include "common/base/time.hpp"
#include "common/signaling/messages.hpp"
#include "common/signaling_client/connection.hpp"
#include "common/signaling_client/effects.hpp"
#include "common/signaling_client/room_view.hpp"
#include "common/signaling_client/send_pace.hpp"
#include "common/signaling_client/session_state.hpp"
#include "common/signaling_client/timers.hpp"
#include "common/signaling_client/wishes.hpp"

namespace icebreaker::signaling_client {

struct ClientOptions {
  TransportChoice transports = TransportChoice::kAny;
  std::string token;  // for servers that want one; empty texts = none
  std::string user;   // the name that others may watch
  std::string room;   // what will be joined, so that the server places the session near it
  std::string queue;
};

struct ClientCounters {
  ConnectionCounters connection;
  std::uint64_t sent = 0;
  std::uint64_t throttled = 0;
};

enum class SendResult : std::uint8_t { Queued, TooLarge, Stopped };

class SignalingClient final : private ConnectionListener {
 public:
  // All outlive the client.
  SignalingClient(ClientOptions options, RandomSource& random, ClientSink& out);
  SignalingClient(const SignalingClient&) = delete;
  SignalingClient& operator=(const SignalingClient&) = delete;
  SignalingClient(SignalingClient&&) = delete;
  SignalingClient& operator=(SignalingClient&&) = delete;
  ~SignalingClient() override = default;

  // Connects, and stays connected until stop(). Messages may be sent before.
  void start(Now now);
  // Any message but hello, ack and bye, which the client says by itself. It is kept until the
  // server has it; answers come as notice::Received.
  SendResult send(Now now, const signaling::ClientMessage& message);
  // The network may have changed: tries now, and finds out whether an open connection still lives.
  void wake(Now now);

  // Moves the session to the best of these transports, at once if another one carries it. Nothing
  // is lost by that.
  void use_transports(Now now, const TransportChoice& choice) { connection_.use(now, choice); }

  // Ends the session: others see `peer-left` at once.
  void stop(Now now);

  // A fresh token for the next hello.
  void set_token(std::string token) { options_.token = std::move(token); }

  // The shell's side.
  void on_event(Now now, const Event& event);
  void on_deadline(Now now);

  [[nodiscard]] std::optional<MonoTime> next_deadline() const { return timers_.next(); }

  [[nodiscard]] ClientState state() const { return connection_.state(); }

  // Nothing while no transport carries the session.
  [[nodiscard]] std::optional<TransportKind> transport() const { return connection_.transport(); }

  // Our public id, empty before the first welcome.
  [[nodiscard]] const signaling::PeerId& peer() const { return session_.peer(); }

  [[nodiscard]] const RoomView& room() const { return room_; }

  // The newest list while its credentials are good.
  [[nodiscard]] std::optional<signaling::IceServerList> ice_servers(Now now) const;

  // Messages that the server has not confirmed.
  [[nodiscard]] std::size_t unconfirmed() const { return session_.pending() + session_.waiting(); }

  [[nodiscard]] ClientCounters counters() const {
    return {connection_.counters(), sent_, throttled_};
  }

 private:
  [[nodiscard]] signaling::client::Hello make_hello() const override;
  void on_welcome(Now now, const signaling::server::Welcome& welcome) override;
  void on_anew(Now now, notice::Anew::Peer peer) override;
  void on_message(Now now, signaling::ServerMessage message) override;
  void on_stopped() override;

  bool sends_again(Now now, const signaling::ServerMessage& message);
  void take_ice(Now now, const signaling::IceServerList& ice);

  ClientOptions options_;
  ClientSink& out_;
  Timers timers_;
  SessionState session_;
  Connection connection_;
  SendPace pace_;
  Wishes wishes_;
  RoomView room_;
  signaling::IceServerList ice_;
  std::optional<MonoTime> ice_expires_;
  std::uint64_t sent_ = 0;
  std::uint64_t throttled_ = 0;
};

}  // namespace icebreaker::signaling_client
