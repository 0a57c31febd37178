// How an HttpTransport receives: one event stream or poll after the other.
#include <algorithm>
#include <utility>

#include "common/signaling/json_codec.hpp"
#include "common/signaling_client/http_transport.hpp"
#include "common/signaling_client/stream_trust.hpp"

namespace icebreaker::signaling_client {
namespace {

using namespace std::chrono_literals;
namespace server = signaling::server;
using signaling::ErrorCode;

constexpr auto kHoldGrace = 10s;
// An intermediary that answers held requests at once must not turn the client into a flood.
constexpr auto kShortestEmpty = 500ms;
// A stream that brings nothing for this long is kept back on its way, unless the way is slow for
// all.
constexpr std::chrono::milliseconds kShortestPatience = 1s;
constexpr std::chrono::milliseconds kLongestPatience = 5s;
// The server begins a stream with a line, and sends a comment at each ping.
constexpr std::chrono::milliseconds kShortestSilence = 70s;
constexpr auto kPingGrace = 20s;
// What was heard this lately needs no other proof that it lives.
constexpr auto kFresh = 1s;

}  // namespace

void HttpTransport::choose_receive(Now now) {
  patience_ =
      std::clamp(std::chrono::duration_cast<std::chrono::milliseconds>(2 * (now.mono - asked_at_)),
                 kShortestPatience, kLongestPatience);
  if (choice_ == Receive::Either && context().streams.trusts(now)) {
    set_kind(TransportKind::EventStream);
  }
}

void HttpTransport::receive(Now now) {
  if (resting_) return;
  const SessionState& session = context().session;
  asked_at_ = heard_at_ = now.mono;
  heard_ = false;
  reader_ = {};
  effect::StartRequest wanted{
      .method = Method::Get,
      .path = session_path(session) + (streams() ? "/events" : "/messages") + "?after=" +
              std::to_string(session.last_seq()) + "&epoch=" + std::to_string(session.epoch()),
      .reading =
          streams() ? effect::StartRequest::Reading::Stream : effect::StartRequest::Reading::Whole};
  start(now, receive_, std::move(wanted), streams() ? patience_ : hold_ + kHoldGrace);
}

void HttpTransport::receive_again(Now now) {
  const bool quick = now.mono - asked_at_ < kShortestEmpty;
  quick ? set_timer(Timer::ReceivePause, now.mono + kShortestEmpty) : receive(now);
}

void HttpTransport::recheck(Now now) {
  if (!welcomed_ || !receive_.link || resting_ || now.mono - heard_at_ < kFresh) return;
  cancel(receive_);
  receive(now);
}

void HttpTransport::on_piece(Now now, const std::string& bytes) {
  heard_ = true;
  heard_at_ = now.mono;
  context().streams.on_heard();
  set_timer(Timer::Receive, now.mono + std::max(kShortestSilence, 2 * ping_ + kPingGrace));
  const auto events = reader_.read(bytes);
  if (!events) return finish(now, {.text = "an event without end"});
  for (const std::string& text : *events) {
    on_text(now, text);
    if (closed()) return;
  }
}

void HttpTransport::on_stream_ended(Now now, const event::Responded& response) {
  if (heard_) {
    // One that just ends is asked for again; one that breaks may have taken its instance along.
    return response.status == 0 ? finish(now, {.text = "the event stream broke"})
                                : receive_again(now);
  }
  // What is not in the words of the protocol comes from something on the way that does not know
  // streams.
  error_of(response.body) ? fail(now, response) : on_silent(now);
}

// Nothing came of the event stream.
void HttpTransport::on_silent(Now now) {
  cancel(receive_);
  context().streams.on_silent(now);
  if (choice_ != Receive::Either || context().streams.trusts(now)) {
    return finish(now, {.text = "the event stream does not get through"});
  }
  // The poll acknowledges what the stream brought, and takes the session from a stream that may
  // still be open.
  acks_.clear();
  ack_due_ = false;
  set_kind(TransportKind::LongPoll);
  context().listener.on_renamed(now, *this);
  receive(now);
}

void HttpTransport::on_polled(Now now, const event::Responded& response) {
  if (response.status != 200) return fail(now, response);
  const auto messages = signaling::decode_poll(response.body);
  if (!messages) {
    return finish(now, {CloseReason::Bad, std::nullopt, messages.error().message, std::nullopt});
  }
  for (const std::string& text : *messages) {
    on_text(now, text);
    if (closed()) return;
  }
  messages->empty() ? receive_again(now) : receive(now);
}

void HttpTransport::on_text(Now now, const std::string& text) {
  auto decoded = signaling::decode_server(text);
  if (!decoded && decoded.error().code != ErrorCode::UnknownType) {
    return finish(now, {CloseReason::Bad, std::nullopt, decoded.error().message, std::nullopt});
  }
  if (!decoded) {
    if (decoded.error().n) context().listener.on_unknown(now, *this, *decoded.error().n);
    return;
  }
  const auto* error = std::get_if<server::Error>(&decoded->message);
  // Why a stream ends: without a number, so that it is not taken for a message.
  if (streams() && error != nullptr && !decoded->seq) {
    return finish(now, closure_of_http(0, *error, std::nullopt));
  }
  context().listener.on_message(now, *this, *std::move(decoded));
}

}  // namespace icebreaker::signaling_client
