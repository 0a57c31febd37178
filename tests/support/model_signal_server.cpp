#include "tests/support/model_signal_server.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <gtest/gtest.h>

#include "common/signaling/json_codec.hpp"

namespace icebreaker::testing {

using namespace signaling_client;
using namespace std::chrono_literals;
namespace client_messages = signaling::client;
namespace server_messages = signaling::server;
using signaling::ErrorCode;

namespace {

constexpr auto kHold = 20s;

std::string text_of(const signaling::ServerMessage& message) {
  return signaling::encode(message);
}

std::string after_of(const std::string& path) {
  const auto begin = path.find("after=") + 6;
  return path.substr(begin, path.find('&', begin) - begin);
}

}  // namespace

ModelSignalServer::ModelSignalServer() = default;

void ModelSignalServer::notify(Notice notice) {
  notices.push_back(std::move(notice));
}

std::vector<signaling::ServerMessage> ModelSignalServer::received() const {
  std::vector<signaling::ServerMessage> messages;
  for (const Notice& each : notices) {
    if (const auto* got = std::get_if<notice::Received>(&each)) messages.push_back(got->message);
  }
  return messages;
}

ModelSignalServer::Session& ModelSignalServer::session() {
  return sessions.at(newest_);
}

void ModelSignalServer::deliver(const signaling::ServerMessage& message) {
  push(session(), text_of(message));
}

void ModelSignalServer::deliver_text(const std::string& text) {
  if (text.starts_with('{')) return push(session(), text);
  if (session().socket) send_frame(*session().socket, text);
}

void ModelSignalServer::close_socket(std::uint16_t code) {
  if (const auto link = std::exchange(session().socket, std::nullopt)) {
    events_.emplace_back(event::SocketClosed{*link, code});
  }
}

void ModelSignalServer::drop_connections() {
  for (auto& [id, session] : sessions) {
    if (const auto link = std::exchange(session.socket, std::nullopt)) {
      events_.emplace_back(event::SocketClosed{*link, 0});
    }
    if (const auto link = std::exchange(session.stream, std::nullopt)) respond(*link, 0, {});
    if (const auto link = std::exchange(session.poll, std::nullopt)) respond(*link, 0, {});
  }
}

void ModelSignalServer::crash() {
  drop_connections();
  sessions.clear();
}

void ModelSignalServer::lose_wire() {
  // Requests under way get no answer; what else is sent on dead connections vanishes.
  for (const Effect& effect : effects_) {
    if (const auto* request = std::get_if<effect::StartRequest>(&effect)) {
      events_.emplace_back(event::Responded{request->link, 0, {}, {}});
    } else if (const auto* open = std::get_if<effect::OpenSocket>(&effect)) {
      events_.emplace_back(event::SocketClosed{open->link, 0});
    }
  }
  effects_.clear();
  std::erase_if(events_, [](const Event& event) {
    return std::holds_alternative<event::Frame>(event) ||
           std::holds_alternative<event::Piece>(event) ||
           std::holds_alternative<event::SocketOpened>(event);
  });
  for (Event& event : events_) {
    if (auto* response = std::get_if<event::Responded>(&event))
      *response = {response->link, 0, {}, {}};
  }
  // A socket that was being opened is gone, too.
  for (const LinkId link : opened_sockets) events_.emplace_back(event::SocketClosed{link, 0});
  drop_connections();
}

bool ModelSignalServer::step(Now now, SignalingClient& client) {
  if (!effects_.empty()) {
    const Effect effect = std::move(effects_.front());
    effects_.pop_front();
    std::visit([&](const auto& each) { handle(now, each); }, effect);
    return true;
  }
  if (events_.empty()) return false;
  const Event event = std::move(events_.front());
  events_.pop_front();
  client.on_event(now, event);
  return true;
}

void ModelSignalServer::settle(Now now, SignalingClient& client) {
  for (int steps = 0; step(now, client); ++steps) {
    if (steps > 100'000) {
      ADD_FAILURE() << "client and server do not come to rest";
      return;
    }
  }
}

std::optional<MonoTime> ModelSignalServer::next_deadline() const {
  std::optional<MonoTime> next;
  for (const auto& [id, session] : sessions) {
    if (session.poll && (!next || session.poll_ends < *next)) next = session.poll_ends;
    const bool will_ping = session.stream && pings == Pings::Come;
    if (will_ping && (!next || session.stream_pings < *next)) next = session.stream_pings;
  }
  return next;
}

void ModelSignalServer::on_deadline(Now now) {
  for (auto& [id, session] : sessions) {
    if (session.poll && session.poll_ends <= now.mono) answer_poll(session);
    if (session.stream && session.stream_pings <= now.mono) ping(now, session);
  }
}

void ModelSignalServer::handle(Now /*now*/, const effect::OpenSocket& open) {
  EXPECT_EQ(open.path, "v1/ws");
  opened_sockets.push_back(open.link);
  if (sockets == Sockets::Refused) events_.emplace_back(event::SocketClosed{open.link, 0});
  if (sockets == Sockets::Refused || sockets == Sockets::Hang) return;
  events_.emplace_back(event::SocketOpened{open.link});
}

void ModelSignalServer::handle(Now /*now*/, const effect::SendFrame& frame) {
  auto decoded = signaling::decode_client(frame.text, {});
  ASSERT_TRUE(decoded.has_value()) << frame.text;
  if (const auto* hello = std::get_if<client_messages::Hello>(&decoded->message)) {
    if (sockets == Sockets::Mute) return;
    Session* const opened = open(*hello);
    if (opened == nullptr) {
      send_frame(frame.link, text_of(refusal.value_or(error_of(ErrorCode::SessionLost))));
      events_.emplace_back(event::SocketClosed{frame.link, 4400});
      return;
    }
    supersede(*opened);
    opened->socket = frame.link;
    const bool resumed = hello->resume && hello->resume->session.value == opened->id;
    send_frame(frame.link, text_of(welcome(*opened, resumed)));
    for (const auto& [seq, text] : opened->mailbox) send_frame(frame.link, text);
    return;
  }
  Session* const session = session_of_socket(frame.link);
  if (session == nullptr) return;
  if (const auto* ack = std::get_if<client_messages::Ack>(&decoded->message)) {
    return acknowledge(*session, ack->seq);
  }
  const std::string id = session->id;
  const auto refused = take(*session, *std::move(decoded));
  if (refused) return send_frame(frame.link, text_of(*refused));
  if (confirmations == Confirmations::GetLost || !sessions.contains(id)) return;
  send_frame(frame.link, text_of(server_messages::Ack{session->received}));
}

void ModelSignalServer::handle(Now /*now*/, const effect::CloseSocket& close) {
  if (Session* const session = session_of_socket(close.link)) session->socket.reset();
}

void ModelSignalServer::handle(Now now, const effect::StartRequest& request) {
  constexpr std::array<std::string_view, 3> kMethods{"GET ", "POST ", "DELETE "};
  requests.push_back(std::string{kMethods.at(static_cast<std::size_t>(request.method))} +
                     request.path);
  if (http == Http::Refused) return respond(request.link, 0, {});
  if (request.path == "v1/sessions") {
    const auto decoded = signaling::decode_client(request.body, {});
    ASSERT_TRUE(decoded.has_value()) << request.body;
    const auto& hello = std::get<client_messages::Hello>(decoded->message);
    Session* const opened = open(hello);
    if (opened == nullptr) {
      const auto error = refusal.value_or(error_of(ErrorCode::SessionLost));
      return respond(request.link, error.code == ErrorCode::Unavailable ? 503 : 410,
                     text_of(error));
    }
    const bool resumed = hello.resume && hello.resume->session.value == opened->id;
    return respond(request.link, resumed ? 200 : 201, text_of(welcome(*opened, resumed)));
  }
  const std::string id = request.path.substr(12, request.path.find_first_of("/?", 12) - 12);
  const auto found = sessions.find(id);
  if (found == sessions.end()) {
    return respond(request.link, 404, text_of(error_of(ErrorCode::SessionLost)));
  }
  Session& session = found->second;
  switch (request.method) {
    case Method::Delete:
      sessions.erase(found);
      return respond(request.link, 204, {});
    case Method::Post:
      return post(session, request.link, request.body);
    case Method::Get:
      break;
  }
  const bool is_stream = request.path.find("/events?") != std::string::npos;
  EXPECT_EQ(is_stream, request.reading == effect::StartRequest::Reading::Stream);
  if (is_stream && streams == Streams::Broken) return respond(request.link, 0, {});
  if (is_stream && streams == Streams::Page)
    return respond(request.link, 502, "<h1>Bad gateway</h1>");
  acknowledge(session, std::stoull(after_of(request.path)));
  supersede(session);
  if (is_stream) return open_stream(now, session, request.link);
  session.poll = request.link;
  session.poll_ends = now.mono + kHold;
  if (!session.mailbox.empty()) answer_poll(session);
}

void ModelSignalServer::handle(Now /*now*/, const effect::CancelRequest& cancel) {
  for (auto& [id, session] : sessions) {
    if (session.poll == cancel.link) session.poll.reset();
    if (session.stream == cancel.link) session.stream.reset();
  }
}

ModelSignalServer::Session* ModelSignalServer::session_of_socket(LinkId link) {
  for (auto& [id, session] : sessions) {
    if (session.socket == link) return &session;
  }
  return nullptr;
}

ModelSignalServer::Session* ModelSignalServer::open(const client_messages::Hello& hello) {
  hellos.push_back(hello);
  if (refusal) return nullptr;
  if (hello.resume) {
    const auto old = sessions.find(hello.resume->session.value);
    if (old != sessions.end()) {
      acknowledge(old->second, hello.resume->after);
      return &old->second;
    }
    if (hello.resume_token.empty()) return nullptr;
  }
  if (!hello.resume_token.empty() && !tokens_valid) return nullptr;
  ++ids_;
  Session session;
  session.id = newest_ = "s" + std::to_string(ids_);
  session.epoch = static_cast<std::uint64_t>(ids_);
  session.peer = "p" + std::to_string(ids_);
  if (!hello.resume_token.empty()) {
    const auto slash = hello.resume_token.find('/');
    session.peer = hello.resume_token.substr(0, slash);
    session.room = hello.resume_token.substr(slash + 1);
  }
  Session& added = sessions[session.id] = session;
  if (!added.room.empty()) {
    push(added, joined(added));
  }
  return &added;
}

server_messages::Welcome ModelSignalServer::welcome(const Session& session, bool resumed) const {
  server_messages::Welcome welcome;
  welcome.session = {session.id};
  welcome.peer = {session.peer};
  welcome.epoch = session.epoch;
  welcome.seq = session.acknowledged;
  welcome.received = session.received;
  welcome.resumed = resumed;
  welcome.resume_token = session.peer + "/";
  welcome.hold = kHold;
  welcome.ping = kPing;
  welcome.limits.message_bytes = 2'000;
  welcome.limits.body_bytes = 5'000;
  return welcome;
}

std::string ModelSignalServer::joined(const Session& session) const {
  return text_of(server_messages::Joined{session.room, present, signaling::Role::Impolite, 2,
                                         session.peer + "/" + session.room});
}

void ModelSignalServer::post(Session& session, LinkId link, const std::string& body) {
  const auto decoded = signaling::decode_post(body, {});
  ASSERT_TRUE(decoded.has_value()) << body;
  if (post_refusal) {
    event::Responded answer = *post_refusal;
    answer.link = link;
    events_.emplace_back(std::move(answer));
    return;
  }
  if (decoded->ack) {
    EXPECT_LE(*decoded->ack, session.seq);
    acknowledge(session, *decoded->ack);
  }
  for (const std::string& text : decoded->messages) {
    auto message = signaling::decode_client(text, {});
    ASSERT_TRUE(message.has_value()) << text;
    if (const auto refused = take(session, *std::move(message))) {
      return respond(link, 409, text_of(*refused));
    }
  }
  if (confirmations == Confirmations::GetLost) return respond(link, 0, {});
  respond(link, 202, signaling::encode_received(session.received));
}

std::optional<server_messages::Error> ModelSignalServer::take(Session& session,
                                                              signaling::ClientEnvelope message) {
  const auto n = message.n.value_or(0);
  if (n <= session.received) return std::nullopt;
  if (swallow > 0) {
    --swallow;
    return std::nullopt;
  }
  if (n > session.received + 1) {
    auto gap = error_of(ErrorCode::BadSequence);
    gap.expected = session.received + 1;
    return gap;
  }
  session.received = n;
  if (budget == 0) {
    push(session,
         text_of(server_messages::Error{ErrorCode::RateLimited, "slower", n, {}, retry_after}));
    return std::nullopt;
  }
  --budget;
  taken.push_back(message);
  if (const auto* join = std::get_if<client_messages::Join>(&message.message)) {
    session.room = join->room;
    push(session, joined(session));
  } else if (std::holds_alternative<client_messages::Bye>(message.message)) {
    sessions.erase(std::string{session.id});
  }
  return std::nullopt;
}

void ModelSignalServer::acknowledge(Session& session, std::uint64_t seq) {
  session.acknowledged = std::max(session.acknowledged, std::min(seq, session.seq));
  session.mailbox.erase(session.mailbox.begin(), session.mailbox.upper_bound(session.acknowledged));
}

void ModelSignalServer::push(Session& session, const std::string& message) {
  ++session.seq;
  const std::string text = signaling::with_seq(message, session.seq);
  session.mailbox[session.seq] = text;
  if (session.socket) {
    send_frame(*session.socket, text);
  } else if (session.stream) {
    send_event(session, session.seq, text);
  } else if (session.poll) {
    answer_poll(session);
  }
}

void ModelSignalServer::send_frame(LinkId link, std::string text) {
  if (sockets != Sockets::Deaf) events_.emplace_back(event::Frame{link, std::move(text)});
}

void ModelSignalServer::respond(LinkId link, std::uint16_t status, std::string body) {
  events_.emplace_back(event::Responded{link, status, std::move(body), {}});
}

}  // namespace icebreaker::testing
