#include <algorithm>
#include <utility>

#include "signaling/core/hub_core.hpp"

namespace icebreaker::signaling {
namespace {

using namespace std::chrono_literals;

constexpr auto kHelloTimeout = 5s;
// The protocol wants an ack every 32 messages or 1 s at the latest.
constexpr SendNo kAckEvery = 32;
constexpr auto kAckDelay = 500ms;
// What may wait for a slow state engine; more than a client may send without an ack is abuse.
constexpr std::size_t kMaxInbox = 1024;

}  // namespace

CloseCode close_code_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::TooLarge:
      return CloseCode::TooLarge;
    case ErrorCode::Unauthorized:
      return CloseCode::Unauthorized;
    case ErrorCode::Forbidden:
    case ErrorCode::OriginRefused:
      return CloseCode::Forbidden;
    case ErrorCode::SessionLost:
      return CloseCode::SessionLost;
    case ErrorCode::Superseded:
      return CloseCode::Superseded;
    case ErrorCode::RateLimited:
      return CloseCode::RateLimited;
    case ErrorCode::Unavailable:
      return CloseCode::Unavailable;
    default:
      return CloseCode::BadMessage;
  }
}

void Hub::Core::on_ws_open(Now now, ConnectionId connection, ClientInfo client) {
  WebSocket& ws = sockets_[connection];
  ws.client = std::move(client);
  timers_.set({connection, HubTimer::Kind::Hello}, now.mono + kHelloTimeout);
}

void Hub::Core::on_ws_message(Now now, ConnectionId connection, std::string_view text) {
  const auto found = sockets_.find(connection);
  if (found == sockets_.end()) return;
  if (text.size() > config_.limits.message_bytes) return on_ws_too_large(now, connection);
  auto decoded = decode_client(text, config_.limits);
  const bool awaits_hello = found->second.stage == WebSocket::Stage::AwaitsHello;
  if (decoded) {
    if (awaits_hello) return on_hello(now, connection, *std::move(decoded));
    return take(now, connection, *std::move(decoded));
  }
  const DecodeError& error = decoded.error();
  if (awaits_hello || !error.n) {
    return fail_ws(now, connection, {error.code, error.message, std::nullopt, {}, {}});
  }
  found->second.inbox.push_back(refusal(error));
  flush(now, connection);
}

void Hub::Core::on_ws_too_large(Now now, ConnectionId connection) {
  fail_ws(now, connection, make_error(ErrorCode::TooLarge));
}

void Hub::Core::on_ws_closed(Now now, ConnectionId connection) {
  drop_ws(now, connection);
}

void Hub::Core::on_hello(Now now, ConnectionId connection, ClientEnvelope envelope) {
  WebSocket& ws = sockets_.at(connection);
  auto* hello = std::get_if<client::Hello>(&envelope.message);
  if (hello == nullptr) {
    return fail_ws(now, connection,
                   {ErrorCode::BadMessage, "the first message must be hello", {}, {}, {}});
  }
  if (const auto error = refuse_open(now, ws.client)) return fail_ws(now, connection, *error);
  timers_.erase({connection, HubTimer::Kind::Hello});
  ws.stage = WebSocket::Stage::Opening;
  establish(now, std::move(*hello),
            [this, connection](Now then, std::expected<Established, ErrorCode> established) {
              if (!sockets_.contains(connection)) return;
              if (!established) return fail_ws(then, connection, make_error(established.error()));
              on_ws_established(then, connection, *std::move(established));
            });
}

void Hub::Core::on_ws_established(Now now, ConnectionId connection, Established established) {
  Receiver& receiver = sockets_.at(connection).receiver;
  receiver.session = established.info.session;
  receiver.epoch = established.info.epoch;
  receiver.peer = established.info.standing.peer;
  const AttachRequest request{{receiver.session, receiver.epoch, std::nullopt},
                              ReceiveMode::Stream};
  attach(now, connection, request,
         [this, connection, established = std::move(established)](
             Now then, std::expected<Attached, StateError> attached) {
           on_ws_attached(then, connection, established, std::move(attached));
         });
}

void Hub::Core::on_ws_attached(Now now, ConnectionId connection, const Established& established,
                               std::expected<Attached, StateError> attached) {
  if (!attached) return fail_ws(now, connection, make_error(code_of(attached.error())));
  constexpr auto kTransport = static_cast<std::size_t>(Transport::WebSocket);
  WebSocket& ws = sockets_.at(connection);
  ws.stage = WebSocket::Stage::Open;
  ++open_sockets_;
  ws.received = ws.told_received = established.info.received;
  ++(established.how == Established::How::Resumed ? counters_.resumed : counters_.opened)
        .at(kTransport);
  if (established.how == Established::How::Resumed) {
    counters_.replayed += attached->delivery.frames.size();
  }
  out_.emit(effect::Send{connection, welcome_of(now, established, ws.client)});
  begin_receive(now, connection, *std::move(attached));
  flush(now, connection);
}

void Hub::Core::take(Now now, ConnectionId connection, ClientEnvelope envelope) {
  WebSocket& ws = sockets_.at(connection);
  ++counters_.received.at(envelope.message.index());
  if (const auto* ack = std::get_if<client::Ack>(&envelope.message)) {
    ws.ack = std::max(ws.ack.value_or(0), ack->seq);
    return flush(now, connection);
  }
  if (std::holds_alternative<client::Hello>(envelope.message)) {
    return fail_ws(now, connection,
                   {ErrorCode::BadMessage, "hello comes first and once", {}, {}, {}});
  }
  if (ws.inbox.size() >= kMaxInbox) {
    return fail_ws(now, connection, make_error(ErrorCode::RateLimited));
  }
  if (const auto retry_after = messages_.refuse(now, ws.client.address)) {
    ++counters_.rate_limited;
    server::Error error = make_error(ErrorCode::RateLimited);
    error.n = envelope.n;
    error.retry_after = retry_after;
    ws.inbox.push_back(refusal(error));
  } else {
    if (std::holds_alternative<client::Ice>(envelope.message)) watch_ice(now, connection, 0ms);
    ws.inbox.push_back(to_operation(now, std::move(envelope), ws.receiver.peer, ws.client));
  }
  flush(now, connection);
}

void Hub::Core::flush(Now now, ConnectionId connection) {
  const auto found = sockets_.find(connection);
  if (found == sockets_.end()) return;
  WebSocket& ws = found->second;
  const bool busy = ws.stage != WebSocket::Stage::Open || ws.submit != WebSocket::Submit::Idle;
  if (busy || (ws.inbox.empty() && !ws.ack)) return;
  ws.submit = WebSocket::Submit::Running;
  Submission submission{ws.receiver.session, ws.receiver.epoch, std::exchange(ws.ack, std::nullopt),
                        std::exchange(ws.inbox, {})};
  state_.submit(now, std::move(submission),
                [this, connection](Now then, std::expected<Submitted, StateError> submitted) {
                  on_ws_submitted(then, connection, submitted);
                });
}

void Hub::Core::on_ws_submitted(Now now, ConnectionId connection,
                                const std::expected<Submitted, StateError>& submitted) {
  if (submitted) count(*submitted);
  const auto found = sockets_.find(connection);
  if (found == sockets_.end()) return;
  if (!submitted) return fail_ws(now, connection, make_error(code_of(submitted.error())));
  WebSocket& ws = found->second;
  ws.submit = WebSocket::Submit::Idle;
  acknowledge(now, connection, submitted->received);
  if (submitted->expected && ws.told_gap != submitted->expected) {
    ws.told_gap = submitted->expected;
    server::Error error = make_error(ErrorCode::BadSequence);
    error.expected = submitted->expected;
    out_.emit(effect::Send{connection, error_text(error)});
  }
  flush(now, connection);
}

void Hub::Core::acknowledge(Now now, ConnectionId connection, SendNo received) {
  WebSocket& ws = sockets_.at(connection);
  ws.received = std::max(ws.received, received);
  const HubTimer timer{connection, HubTimer::Kind::SendAck};
  if (ws.received >= ws.told_received + kAckEvery) {
    send_ack(connection, ws);
  } else if (ws.received > ws.told_received && !timers_.deadline_of(timer)) {
    timers_.set(timer, now.mono + kAckDelay);
  }
}

void Hub::Core::send_ack(ConnectionId connection, WebSocket& ws) {
  timers_.erase({connection, HubTimer::Kind::SendAck});
  if (ws.received == ws.told_received) return;
  ws.told_received = ws.received;
  out_.emit(effect::Send{connection, encode(ServerMessage{server::Ack{ws.received}})});
}

void Hub::Core::fail_ws(Now now, ConnectionId connection, const server::Error& error) {
  if (!sockets_.contains(connection)) return;
  out_.emit(effect::Send{connection, error_text(error)});
  close_ws(now, connection, close_code_of(error.code), std::string{name_of(error.code)});
}

void Hub::Core::close_ws(Now now, ConnectionId connection, CloseCode code, std::string reason) {
  if (!sockets_.contains(connection)) return;
  out_.emit(effect::Close{connection, code, std::move(reason)});
  drop_ws(now, connection);
}

void Hub::Core::drop_ws(Now now, ConnectionId connection) {
  const auto found = sockets_.find(connection);
  if (found == sockets_.end()) return;
  const Receiver receiver = std::move(found->second.receiver);
  if (found->second.stage == WebSocket::Stage::Open) --open_sockets_;
  sockets_.erase(found);
  cancel_timers(connection);
  if (receiver.receive == ReceiveId{}) return;
  receivers_.erase({receiver.session, receiver.receive});
  state_.detach(now, receiver.session, receiver.receive);
}

}  // namespace icebreaker::signaling
