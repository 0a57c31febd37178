#include "common/signaling_client/long_poll_transport.hpp"

#include <array>
#include <utility>
#include <vector>

#include "common/signaling/json_codec.hpp"

namespace icebreaker::signaling_client {
namespace {

using namespace std::chrono_literals;
namespace server = signaling::server;
using signaling::ErrorCode;

constexpr auto kRequestTimeout = 10s;
constexpr auto kHoldGrace = 10s;
constexpr auto kDefaultPause = 1s;
// An intermediary that answers held requests at once must not turn the client into a flood.
constexpr auto kShortestEmptyPoll = 500ms;
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

std::string session_path(const SessionState& session) {
  return "v1/sessions/" + percent_encoded(session.session().value);
}

std::optional<server::Error> error_of(const std::string& body) {
  const auto decoded = signaling::decode_server(body);
  if (!decoded) return std::nullopt;
  const auto* error = std::get_if<server::Error>(&decoded->message);
  return error == nullptr ? std::nullopt : std::optional{*error};
}

}  // namespace

void LongPollTransport::connect(Now now) {
  context().listener.on_open(now, *this);
}

void LongPollTransport::hello(Now now, const signaling::client::Hello& hello) {
  start(now, receive_,
        {{},
         Method::Post,
         "v1/sessions",
         signaling::encode(signaling::ClientEnvelope{std::nullopt, hello})},
        kRequestTimeout);
}

void LongPollTransport::flush(Now now) {
  const bool busy = send_.link || is_timer_set(Timer::SendPause);
  if (welcomed_ && !closed() && !busy) post(now);
}

void LongPollTransport::end(Now /*now*/) {
  if (closed()) return;
  close();
  end_session(context());
}

void LongPollTransport::close() {
  if (closed()) return;
  set_closed();
  cancel(receive_);
  cancel(send_);
  stop_timer(Timer::ReceivePause);
  stop_timer(Timer::SendPause);
}

void LongPollTransport::on_event(Now now, const Event& event) {
  const auto* response = std::get_if<event::Responded>(&event);
  if (response == nullptr || closed()) return;
  if (receive_.link == response->link) {
    receive_.link.reset();
    stop_timer(Timer::Receive);
    welcomed_ ? on_polled(now, *response) : on_welcomed(now, *response);
  } else if (send_.link == response->link) {
    send_.link.reset();
    stop_timer(Timer::Send);
    on_posted(now, *response);
  }
}

void LongPollTransport::on_timer(Now now, Timer timer) {
  switch (timer) {
    case Timer::ReceivePause:
      return poll(now);
    case Timer::SendPause:
      return flush(now);
    default:
      return finish(now, {.text = "a request was not answered in time"});
  }
}

void LongPollTransport::start(Now now, Request& request, effect::StartRequest wanted,
                              std::chrono::milliseconds timeout) {
  wanted.link = next_link();
  request.link = wanted.link;
  set_timer(request.timeout, now.mono + timeout);
  context().out.emit(std::move(wanted));
}

void LongPollTransport::cancel(Request& request) {
  stop_timer(request.timeout);
  if (request.link) context().out.emit(effect::CancelRequest{*request.link});
  request.link.reset();
}

void LongPollTransport::wake(Now now) {
  resting_ = false;
  const bool idle = !receive_.link && !is_timer_set(Timer::ReceivePause);
  if (welcomed_ && !closed() && idle) poll(now);
}

void LongPollTransport::poll(Now now) {
  if (resting_) return;
  const SessionState& session = context().session;
  polled_at_ = now.mono;
  start(now, receive_,
        {{},
         Method::Get,
         session_path(session) + "/messages?after=" + std::to_string(session.last_seq()) +
             "&epoch=" + std::to_string(session.epoch()),
         {}},
        hold_ + kHoldGrace);
}

void LongPollTransport::post(Now now) {
  SessionState& session = context().session;
  const std::size_t room = session.limits().body_bytes;
  auto unsent = session.take_unsent(room > kBodyOverhead ? room - kBodyOverhead : 0);
  if (unsent.empty()) return;
  signaling::PostBody body{session.epoch(), std::nullopt, {}};
  for (auto& each : unsent) body.messages.push_back(std::move(each.text));
  start(now, send_,
        {{}, Method::Post, session_path(session) + "/messages", signaling::encode(body)},
        kRequestTimeout);
}

void LongPollTransport::on_welcomed(Now now, const event::Responded& response) {
  if (response.status != 200 && response.status != 201) return fail(now, response);
  const auto decoded = signaling::decode_server(response.body);
  const auto* welcome = decoded ? std::get_if<server::Welcome>(&decoded->message) : nullptr;
  if (welcome == nullptr) {
    return finish(now, {CloseReason::Bad, std::nullopt, "no welcome", std::nullopt});
  }
  hold_ = within_a_day(welcome->hold);
  welcomed_ = true;
  context().listener.on_welcome(now, *this, *welcome);
  if (closed()) return;
  poll(now);
  flush(now);
}

void LongPollTransport::on_polled(Now now, const event::Responded& response) {
  const auto messages = signaling::decode_poll(response.body);
  if (response.status != 200) return fail(now, response);
  if (!messages) {
    return finish(now, {CloseReason::Bad, std::nullopt, messages.error().message, std::nullopt});
  }
  for (const std::string& text : *messages) {
    auto decoded = signaling::decode_server(text);
    if (decoded) {
      context().listener.on_message(now, *this, *std::move(decoded));
    } else if (decoded.error().code != ErrorCode::UnknownType) {
      return finish(now, {CloseReason::Bad, std::nullopt, decoded.error().message, std::nullopt});
    } else if (decoded.error().n) {
      context().listener.on_unknown(now, *this, *decoded.error().n);
    }
    if (closed()) return;
  }
  if (messages->empty() && now.mono - polled_at_ < kShortestEmptyPoll) {
    return set_timer(Timer::ReceivePause, now.mono + kShortestEmptyPoll);
  }
  poll(now);
}

void LongPollTransport::on_posted(Now now, const event::Responded& response) {
  SessionState& session = context().session;
  const auto error = error_of(response.body);
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

void LongPollTransport::send_again_after(Now now, std::chrono::milliseconds pause) {
  context().session.rewind();
  set_timer(Timer::SendPause, now.mono + pause);
}

void LongPollTransport::fail(Now now, const event::Responded& response) {
  finish(now, closure_of_http(response.status, error_of(response.body), response.retry_after));
}

void end_session(TransportContext& context) {
  if (context.session.session().value.empty()) return;
  context.out.emit(effect::StartRequest{
      LinkId{++context.last_id},
      Method::Delete,
      session_path(context.session) + "?epoch=" + std::to_string(context.session.epoch()),
      {}});
}

}  // namespace icebreaker::signaling_client
