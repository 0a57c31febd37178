#include "common/signaling_client/websocket_transport.hpp"

#include <utility>

#include "common/signaling/json_codec.hpp"

namespace icebreaker::signaling_client {
namespace {

using namespace std::chrono_literals;
namespace server = signaling::server;
using signaling::ErrorCode;

// The server confirms within a second; silence after a message means that the connection is dead.
constexpr auto kConfirmTimeout = 8s;

bool is_ending(ErrorCode code) {
  return code == ErrorCode::Superseded || code == ErrorCode::SessionLost ||
         code == ErrorCode::Unauthorized || code == ErrorCode::UnsupportedProtocol;
}

}  // namespace

void WebSocketTransport::connect(Now /*now*/) {
  link_ = next_link();
  context().out.emit(effect::OpenSocket{link_, "v1/ws"});
}

void WebSocketTransport::hello(Now /*now*/, const signaling::client::Hello& hello) {
  send(signaling::encode(signaling::ClientEnvelope{std::nullopt, hello}));
}

void WebSocketTransport::flush(Now now) {
  if (!welcomed_ || closed()) return;
  for (const auto& unsent : context().session.take_unsent()) send(unsent.text);
  if (context().session.pending() > 0 && !is_timer_set(Timer::Confirmation)) {
    expect_confirmation(now);
  }
}

void WebSocketTransport::delivered(Now now) {
  if (acks_.delivered(now)) acknowledge();
}

void WebSocketTransport::end(Now now) {
  flush(now);
  close();
}

void WebSocketTransport::close() {
  if (closed()) return;
  set_closed();
  acks_.clear();
  stop_timer(Timer::Confirmation);
  context().out.emit(effect::CloseSocket{link_});
}

void WebSocketTransport::on_event(Now now, const Event& event) {
  if (closed()) return;
  if (const auto* opened = std::get_if<event::SocketOpened>(&event)) {
    if (opened->link == link_) context().listener.on_open(now, *this);
  } else if (const auto* frame = std::get_if<event::Frame>(&event)) {
    if (frame->link == link_) on_frame(now, frame->text);
  } else if (const auto* gone = std::get_if<event::SocketClosed>(&event)) {
    if (gone->link == link_) finish(now, closure_of_socket(gone->code, last_error_));
  }
}

void WebSocketTransport::on_timer(Now now, Timer timer) {
  if (timer == Timer::Acknowledge) acknowledge();
  if (timer == Timer::Confirmation) finish(now, {.text = "the server stopped confirming"});
}

void WebSocketTransport::on_frame(Now now, const std::string& text) {
  auto decoded = signaling::decode_server(text);
  if (decoded) return on_envelope(now, *std::move(decoded));
  const signaling::DecodeError& error = decoded.error();
  if (error.code != ErrorCode::UnknownType) {
    return finish(now, {CloseReason::Bad, std::nullopt, error.message, std::nullopt});
  }
  if (error.n) context().listener.on_unknown(now, *this, *error.n);
}

void WebSocketTransport::on_envelope(Now now, signaling::ServerEnvelope envelope) {
  if (const auto* welcome = std::get_if<server::Welcome>(&envelope.message)) {
    welcomed_ = true;
    context().listener.on_welcome(now, *this, *welcome);
    flush(now);
  } else if (const auto* ack = std::get_if<server::Ack>(&envelope.message)) {
    context().session.confirm(ack->n);
    stop_timer(Timer::Confirmation);
    if (context().session.pending() > 0) expect_confirmation(now);
  } else if (std::holds_alternative<server::Error>(envelope.message) && !envelope.seq) {
    on_transport_error(now, std::move(envelope));
  } else {
    context().listener.on_message(now, *this, std::move(envelope));
  }
}

void WebSocketTransport::on_transport_error(Now now, signaling::ServerEnvelope envelope) {
  const auto& error = std::get<server::Error>(envelope.message);
  if (error.code == ErrorCode::BadSequence) {
    return context().listener.on_message(now, *this, std::move(envelope));
  }
  last_error_ = error;
  if (is_ending(error.code)) finish(now, closure_of_socket(0, last_error_));
}

void WebSocketTransport::acknowledge() {
  acks_.clear();
  const signaling::client::Ack ack{context().session.last_seq()};
  send(signaling::encode(signaling::ClientEnvelope{std::nullopt, ack}));
}

void WebSocketTransport::expect_confirmation(Now now) {
  set_timer(Timer::Confirmation, now.mono + kConfirmTimeout);
}

void WebSocketTransport::send(const std::string& text) {
  context().out.emit(effect::SendFrame{link_, text});
}

}  // namespace icebreaker::signaling_client
