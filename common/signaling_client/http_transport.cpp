#include "common/signaling_client/http_transport.hpp"

#include <utility>
#include <vector>

#include "common/signaling/json_codec.hpp"

namespace icebreaker::signaling_client {
namespace {

using namespace std::chrono_literals;
namespace server = signaling::server;
using signaling::ErrorCode;

constexpr auto kRequestTimeout = 10s;
constexpr auto kDefaultPause = 1s;
// The braces, epoch and commas of a body need a little of what the server takes.
constexpr std::size_t kBodyOverhead = 256;

// For one segment of a path.
std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const bool unreserved = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                            (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '~';
    if (unreserved) {
      encoded.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded.append({'%', kHex[byte >> 4U], kHex[byte & 0xFU]});
  }
  return encoded;
}

}  // namespace

std::string session_path(const SessionState& session) {
  return "v1/sessions/" + percent_encoded(session.session().value);
}

std::optional<server::Error> error_of(const std::string& body) {
  const auto decoded = signaling::decode_server(body);
  if (!decoded) return std::nullopt;
  const auto* error = std::get_if<server::Error>(&decoded->message);
  return error == nullptr ? std::nullopt : std::optional{*error};
}

void HttpTransport::connect(Now now) {
  context().listener.on_open(now, *this);
}

void HttpTransport::hello(Now now, const signaling::client::Hello& hello) {
  asked_at_ = now.mono;
  start(now, receive_,
        {.method = Method::Post,
         .path = "v1/sessions",
         .body = signaling::encode(signaling::ClientEnvelope{std::nullopt, hello})},
        kRequestTimeout);
}

void HttpTransport::flush(Now now) {
  const bool busy = send_.link || is_timer_set(Timer::SendPause);
  if (welcomed_ && !closed() && !busy) post(now);
}

// The next poll's `after` acknowledges; a stream has nothing like that.
void HttpTransport::delivered(Now now) {
  if (streams() && acks_.delivered(now)) acknowledge(now);
}

void HttpTransport::acknowledge(Now now) {
  acks_.clear();
  ack_due_ = true;
  flush(now);
}

void HttpTransport::end(Now /*now*/) {
  if (closed()) return;
  close();
  end_session(context());
}

void HttpTransport::close() {
  if (closed()) return;
  set_closed();
  cancel(receive_);
  cancel(send_);
  stop_timer(Timer::ReceivePause);
  stop_timer(Timer::SendPause);
  acks_.clear();
}

void HttpTransport::on_event(Now now, const Event& event) {
  if (closed()) return;
  if (const auto* piece = std::get_if<event::Piece>(&event)) {
    if (receive_.link == piece->link) on_piece(now, piece->bytes);
  } else if (const auto* response = std::get_if<event::Responded>(&event)) {
    on_response(now, *response);
  }
}

void HttpTransport::on_response(Now now, const event::Responded& response) {
  if (send_.link == response.link) {
    send_.link.reset();
    stop_timer(Timer::Send);
    return on_posted(now, response);
  }
  if (receive_.link != response.link) return;
  receive_.link.reset();
  stop_timer(Timer::Receive);
  if (!welcomed_) return on_welcomed(now, response);
  streams() ? on_stream_ended(now, response) : on_polled(now, response);
}

void HttpTransport::on_timer(Now now, Timer timer) {
  switch (timer) {
    case Timer::ReceivePause:
      return receive(now);
    case Timer::SendPause:
      return flush(now);
    case Timer::Acknowledge:
      return acknowledge(now);
    case Timer::Receive:
      if (welcomed_ && streams() && !heard_) return on_silent(now);
      return finish(now, {.text = "nothing was received in time"});
    default:
      return finish(now, {.text = "a request was not answered in time"});
  }
}

void HttpTransport::start(Now now, Request& request, effect::StartRequest wanted,
                          std::chrono::milliseconds timeout) {
  wanted.link = next_link();
  request.link = wanted.link;
  set_timer(request.timeout, now.mono + timeout);
  context().out.emit(std::move(wanted));
}

void HttpTransport::cancel(Request& request) {
  stop_timer(request.timeout);
  if (request.link) context().out.emit(effect::CancelRequest{*request.link});
  request.link.reset();
}

void HttpTransport::wake(Now now) {
  resting_ = false;
  const bool idle = !receive_.link && !is_timer_set(Timer::ReceivePause);
  if (welcomed_ && !closed() && idle) receive(now);
}

void HttpTransport::post(Now now) {
  SessionState& session = context().session;
  const std::size_t room = session.limits().body_bytes;
  auto unsent = session.take_unsent(room > kBodyOverhead ? room - kBodyOverhead : 0);
  if (unsent.empty() && !ack_due_) return;
  signaling::PostBody body{session.epoch(), std::nullopt, {}};
  if (streams()) body.ack = session.last_seq();
  ack_due_ = false;
  acks_.clear();
  for (auto& each : unsent) body.messages.push_back(std::move(each.text));
  start(now, send_,
        {.method = Method::Post,
         .path = session_path(session) + "/messages",
         .body = signaling::encode(body)},
        kRequestTimeout);
}

void HttpTransport::on_welcomed(Now now, const event::Responded& response) {
  if (response.status != 200 && response.status != 201) return fail(now, response);
  const auto decoded = signaling::decode_server(response.body);
  const auto* welcome = decoded ? std::get_if<server::Welcome>(&decoded->message) : nullptr;
  if (welcome == nullptr) {
    return finish(now, {CloseReason::Bad, std::nullopt, "no welcome", std::nullopt});
  }
  hold_ = within_a_day(welcome->hold);
  ping_ = within_a_day(welcome->ping);
  choose_receive(now);
  welcomed_ = true;
  context().listener.on_welcome(now, *this, *welcome);
  if (closed()) return;
  receive(now);
  flush(now);
}

void HttpTransport::on_posted(Now now, const event::Responded& response) {
  SessionState& session = context().session;
  const auto error = error_of(response.body);
  // Refused as a whole, with the acknowledgement.
  ack_due_ = ack_due_ || (streams() && response.status != 202);
  if (response.status == 202) {
    const auto received = signaling::decode_received(response.body);
    if (!received) return fail(now, {response.link, 400, response.body, std::nullopt});
    session.confirm(*received);
    if (session.in_flight() > 0) send_again_after(now, kDefaultPause);
  } else if (response.status == 409 && error && error->code == ErrorCode::BadSequence) {
    context().listener.on_message(now, *this, {std::nullopt, *error});
  } else if (response.status == 413) {
    session.drop_largest();
  } else if (response.status == 429) {
    const auto told =
        response.retry_after ? response.retry_after : (error ? error->retry_after : std::nullopt);
    send_again_after(now, within_a_day(told.value_or(kDefaultPause)));
  } else {
    return fail(now, response);
  }
  flush(now);
}

void HttpTransport::send_again_after(Now now, std::chrono::milliseconds pause) {
  context().session.rewind();
  set_timer(Timer::SendPause, now.mono + pause);
}

void HttpTransport::fail(Now now, const event::Responded& response) {
  finish(now, closure_of_http(response.status, error_of(response.body), response.retry_after));
}

void end_session(TransportContext& context) {
  if (context.session.session().value.empty()) return;
  context.out.emit(effect::StartRequest{
      .link = LinkId{++context.last_id},
      .method = Method::Delete,
      .path = session_path(context.session) + "?epoch=" + std::to_string(context.session.epoch())});
}

}  // namespace icebreaker::signaling_client
