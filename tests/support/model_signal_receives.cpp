// How a session receives from the model server: frames, events and polls on their way to a client.
#include <utility>

#include "common/signaling/json_codec.hpp"
#include "tests/support/model_signal_server.hpp"

namespace icebreaker::testing {

using namespace signaling_client;
using namespace std::chrono_literals;
namespace server_messages = signaling::server;

server_messages::Error ModelSignalServer::error_of(signaling::ErrorCode code) {
  return {code, std::string{signaling::describe(code)}, {}, {}, {}};
}

void ModelSignalServer::answer_poll_early() {
  if (session().poll) answer_poll(session());
}

void ModelSignalServer::send_unnumbered(const signaling::ServerMessage& message) {
  if (session().socket) send_frame(*session().socket, signaling::encode(message));
  send_piece("data: " + signaling::encode(message) + "\n\n");
}

void ModelSignalServer::send_piece(std::string bytes) {
  if (session().stream && streams != Streams::Kept) {
    events_.emplace_back(event::Piece{*session().stream, std::move(bytes)});
  }
}

void ModelSignalServer::end_stream() {
  if (const auto link = std::exchange(session().stream, std::nullopt)) respond(*link, 200, {});
}

void ModelSignalServer::forget_receive() {
  session().stream.reset();
  session().poll.reset();
}

void ModelSignalServer::answer_poll(Session& session) {
  std::vector<std::string> texts;
  for (const auto& [seq, text] : session.mailbox) texts.push_back(text);
  respond(*std::exchange(session.poll, std::nullopt), 200, signaling::encode_poll(texts));
}

void ModelSignalServer::open_stream(Now now, Session& session, LinkId link) {
  session.stream = link;
  session.stream_pings = now.mono + kPing;
  if (streams != Streams::Kept) events_.emplace_back(event::Piece{link, "retry: 1000\n\n"});
  for (const auto& [seq, text] : session.mailbox) send_event(session, seq, text);
}

// In two pieces, since pieces end anywhere.
void ModelSignalServer::send_event(const Session& session, std::uint64_t seq,
                                   const std::string& text) {
  if (streams == Streams::Kept) return;
  const std::string whole = "id: " + std::to_string(seq) + "\ndata: " + text + "\n\n";
  const auto cut = whole.size() * (seq % 5) / 5;
  events_.emplace_back(event::Piece{*session.stream, whole.substr(0, cut)});
  events_.emplace_back(event::Piece{*session.stream, whole.substr(cut)});
}

// A new receive takes the place of what was open.
void ModelSignalServer::supersede(Session& session) {
  const std::string error =
      signaling::encode(signaling::ServerMessage{error_of(signaling::ErrorCode::Superseded)});
  if (const auto link = std::exchange(session.socket, std::nullopt)) {
    events_.emplace_back(event::SocketClosed{*link, 4409});
  }
  if (const auto link = std::exchange(session.stream, std::nullopt)) {
    if (streams != Streams::Kept) {
      events_.emplace_back(event::Piece{*link, "data: " + error + "\n\n"});
    }
    respond(*link, 200, {});
  }
  if (const auto link = std::exchange(session.poll, std::nullopt)) respond(*link, 409, error);
}

void ModelSignalServer::ping(Now now, Session& session) {
  if (pings == Pings::Stop) return;
  session.stream_pings = now.mono + kPing;
  if (streams != Streams::Kept) events_.emplace_back(event::Piece{*session.stream, ":\n\n"});
}

}  // namespace icebreaker::testing
