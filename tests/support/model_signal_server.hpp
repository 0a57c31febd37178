// A signaling server in memory for tests of the client: the session rules of the protocol over
// sockets and requests that a test breaks.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/signaling_client/signaling_client.hpp"

namespace icebreaker::testing {

class ModelSignalServer final : public signaling_client::ClientSink {
 public:
  // `Mute` hears nothing after the handshake, the answers of `Deaf` do not arrive.
  enum class Sockets : std::uint8_t { Work, Refused, Hang, Mute, Deaf };
  enum class Http : std::uint8_t { Works, Refused };
  // Event streams may be `Kept` back by a proxy, `Broken` by it, or answered by a `Page` of its
  // own.
  enum class Streams : std::uint8_t { Work, Kept, Broken, Page };
  enum class Pings : std::uint8_t { Come, Stop };
  enum class Confirmations : std::uint8_t { Arrive, GetLost };

  struct Session {
    std::string id;
    std::string peer;
    std::uint64_t epoch = 1;
    std::uint64_t seq = 0;  // highest sent
    std::uint64_t acknowledged = 0;
    std::uint64_t received = 0;
    std::string room;
    std::map<std::uint64_t, std::string> mailbox;
    std::optional<signaling_client::LinkId> socket;
    std::optional<signaling_client::LinkId> stream;
    MonoTime stream_pings;
    std::optional<signaling_client::LinkId> poll;
    MonoTime poll_ends;
  };

  ModelSignalServer();

  void emit(signaling_client::Effect effect) override { effects_.push_back(std::move(effect)); }

  void notify(signaling_client::Notice notice) override;

  // What it is told to do from now on.
  Sockets sockets = Sockets::Work;
  Http http = Http::Works;
  Streams streams = Streams::Work;
  Pings pings = Pings::Come;
  std::optional<signaling_client::event::Responded> post_refusal;  // answers POSTs of messages
  Confirmations confirmations = Confirmations::Arrive;
  bool tokens_valid = true;
  std::optional<signaling::server::Error> refusal;  // answers every hello
  std::uint32_t swallow = 0;                        // that many next messages vanish
  std::uint32_t budget = UINT32_MAX;                // taken before each further one is refused
  std::chrono::milliseconds retry_after{700};
  std::vector<signaling::server::Peer> present;

  // What it saw.
  std::vector<signaling::ClientEnvelope> taken;  // each once, in order
  std::vector<signaling::client::Hello> hellos;
  std::vector<std::string> requests;  // "GET v1/…"
  std::vector<signaling_client::LinkId> opened_sockets;
  std::map<std::string, Session> sessions;

  // What the application heard.
  std::vector<signaling_client::Notice> notices;
  [[nodiscard]] std::vector<signaling::ServerMessage> received() const;

  Session& session();  // the newest
  void deliver(const signaling::ServerMessage& message);
  void deliver_text(const std::string& text);  // what no codec of ours would write
  void answer_poll_early();
  void send_unnumbered(const signaling::ServerMessage& message);  // to socket or stream
  void send_piece(std::string bytes);                             // of the stream
  void end_stream();                                              // in order
  void forget_receive();  // the way to the client is gone, and nobody noticed
  void close_socket(std::uint16_t code);
  void drop_connections();
  void crash();  // forgets every session, as a killed process does
  // Everything on the wire in either direction is lost with the connections.
  void lose_wire();

  // One thing that is on the wire, if there is any.
  bool step(Now now, signaling_client::SignalingClient& client);
  void settle(Now now, signaling_client::SignalingClient& client);
  [[nodiscard]] std::optional<MonoTime> next_deadline() const;
  void on_deadline(Now now);

 private:
  using LinkId = signaling_client::LinkId;
  static constexpr std::chrono::seconds kPing{25};

  void handle(Now now, const signaling_client::effect::OpenSocket& open);
  void handle(Now now, const signaling_client::effect::SendFrame& frame);
  void handle(Now now, const signaling_client::effect::CloseSocket& close);
  void handle(Now now, const signaling_client::effect::StartRequest& request);
  void handle(Now now, const signaling_client::effect::CancelRequest& cancel);
  Session* session_of_socket(LinkId link);
  Session* open(const signaling::client::Hello& hello);
  signaling::server::Welcome welcome(const Session& session, bool resumed) const;
  std::string joined(const Session& session) const;
  void post(Session& session, LinkId link, const std::string& body);
  std::optional<signaling::server::Error> take(Session& session, signaling::ClientEnvelope message);
  void acknowledge(Session& session, std::uint64_t seq);
  void push(Session& session, const std::string& text);
  void answer_poll(Session& session);
  void open_stream(Now now, Session& session, LinkId link);
  void send_event(const Session& session, std::uint64_t seq, const std::string& text);
  void supersede(Session& session);
  void ping(Now now, Session& session);
  static signaling::server::Error error_of(signaling::ErrorCode code);
  void send_frame(LinkId link, std::string text);
  void respond(LinkId link, std::uint16_t status, std::string body);

  std::deque<signaling_client::Effect> effects_;
  std::deque<signaling_client::Event> events_;
  std::string newest_;
  int ids_ = 0;
};

}  // namespace icebreaker::testing
