#include <algorithm>
#include <iterator>
#include <ranges>
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
// What a client had sent before it learned of a refusal arrives within this.
constexpr std::chrono::milliseconds kInFlight{1'000};

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
    return take(now, connection, found->second, *std::move(decoded));
  }
  const DecodeError& error = decoded.error();
  if (awaits_hello || !error.n) {
    return fail_ws(now, connection, {error.code, error.message, std::nullopt, {}, {}});
  }
  queue(now, connection, found->second, {std::unexpected(error_of(error)), {}});
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
  timers_.erase({connection, HubTimer::Kind::Hello});
  ws.stage = WebSocket::Stage::Opening;
  establish(now, std::move(*hello), ws.client,
            [this, connection](Now then, std::expected<Established, server::Error> established) {
              if (!sockets_.contains(connection)) return;
              if (!established) return fail_ws(then, connection, established.error());
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
  if (!attached->standing.grants.empty()) {
    ws.vouched = std::make_unique<const Vouched>(vouched_of(attached->standing));
  }
  ws.received = ws.told_received = established.info.received;
  ++(established.how == Established::How::Resumed ? counters_.resumed : counters_.opened)
        .at(kTransport);
  if (established.how == Established::How::Resumed) {
    counters_.replayed += attached->delivery.frames.size();
  }
  out_.emit(effect::Send{connection, welcome_of(now, established, ws.client)});
  begin_receive(now, connection, *std::move(attached));
  if (const auto found = sockets_.find(connection); found != sockets_.end()) {
    flush(now, connection, found->second);
  }
}

void Hub::Core::take(Now now, ConnectionId connection, WebSocket& ws, ClientEnvelope&& envelope) {
  ++counters_.received.at(envelope.message.index());
  if (const auto* ack = std::get_if<client::Ack>(&envelope.message)) {
    ws.ack = std::max(ws.ack.value_or(0), ack->seq);
    return flush(now, connection, ws);
  }
  if (std::holds_alternative<client::Hello>(envelope.message)) {
    return fail_ws(now, connection,
                   {ErrorCode::BadMessage, "hello comes first and once", {}, {}, {}});
  }
  queue(now, connection, ws, {std::move(envelope), {}});
}

void Hub::Core::queue(Now now, ConnectionId connection, WebSocket& ws, Waiting&& waiting) {
  if (ws.inbox.size() >= kMaxInbox) {
    return fail_ws(now, connection, make_error(ErrorCode::RateLimited));
  }
  if (now.mono >= ws.pause.until) pause_above_rate(now, ws);
  if (now.mono < ws.pause.until) {
    refuse_message(waiting.message, rate_limited(ws.pause.what, ws.pause.wait(now)));
  }
  if (!is_ready(ws) || !ws.inbox.empty() || debt_of(ws, waiting)) {
    ws.inbox.push_back(std::move(waiting));
    return flush(now, connection, ws);
  }
  Submission submission = begin_submission(ws);
  add_operation(now, connection, ws, submission, std::move(waiting));
  submit(now, connection, std::move(submission));
}

void Hub::Core::pause_above_rate(Now now, WebSocket& ws) {
  const auto wait = messages_.refuse(
      now, {ws.client.address, sender_of(ws.vouched.get(), ws.receiver.session.value)});
  if (!wait) return;
  const MonoTime told = now.mono + std::max(*wait, kInFlight);
  ws.pause = {.until = told, .told = told, .what = Limited::Message};
}

bool Hub::Core::is_ready(const WebSocket& ws) {
  return ws.stage == WebSocket::Stage::Open && ws.submit == WebSocket::Submit::Idle;
}

void Hub::Core::flush(Now now, ConnectionId connection, WebSocket& ws) {
  if (!is_ready(ws) || (ws.inbox.empty() && !ws.ack)) return;
  const auto debt = ws.inbox.empty() ? std::nullopt : debt_of(ws, ws.inbox.front());
  if (!debt) return submit_inbox(now, connection, ws);
  ws.submit = WebSocket::Submit::Running;
  charge_first(now, connection, *debt);
}

std::optional<Limited> Hub::Core::debt_of(const WebSocket& ws, const Waiting& waiting) const {
  if (waiting.rate == Waiting::Rate::Paid || !waiting.message) return std::nullopt;
  const bool repeated = waiting.message->n.value_or(0) <= ws.received;
  const auto limited = limit_of(waiting.message->message);
  return limited && !repeated && rate_of(*limited).events > 0 ? limited : std::nullopt;
}

void Hub::Core::charge_first(Now now, ConnectionId connection, Limited what) {
  const WebSocket& ws = sockets_.at(connection);
  const std::string_view user = ws.vouched ? ws.vouched->user : std::string_view{};
  charge(now, what, charges_of(what, 1, rate_of(what), {ws.client.address, user}),
         [this, connection, what](Now then, std::optional<server::Error> error) {
           on_ws_charged(then, connection, what, std::move(error));
         });
}

void Hub::Core::on_ws_charged(Now now, ConnectionId connection, Limited what,
                              std::optional<server::Error> error) {
  const auto found = sockets_.find(connection);
  if (found == sockets_.end()) return;
  if (error && error->code != ErrorCode::RateLimited) return fail_ws(now, connection, *error);
  WebSocket& ws = found->second;
  ws.inbox.front().rate = Waiting::Rate::Paid;
  if (error) {
    const auto wait = std::max(error->retry_after.value_or(kInFlight), kInFlight);
    // Not for as long as is told, which may be a minute: other messages are within their rates.
    ws.pause = {.until = now.mono + kInFlight, .told = now.mono + wait, .what = what};
    refuse_message(ws.inbox.front().message, *std::move(error));
    for (Waiting& behind : ws.inbox | std::views::drop(1)) {
      if (behind.message) refuse_message(behind.message, rate_limited(what, wait));
    }
  }
  submit_inbox(now, connection, found->second);
}

// Up to the next message that has to be charged to its rate.
void Hub::Core::submit_inbox(Now now, ConnectionId connection, WebSocket& ws) {
  Submission submission = begin_submission(ws);
  auto inbox = std::exchange(ws.inbox, {});  // no memory for what is idle
  const auto stop = std::ranges::find_if(
      inbox, [&](const Waiting& waiting) { return debt_of(ws, waiting).has_value(); });
  for (Waiting& waiting : std::ranges::subrange{inbox.begin(), stop}) {
    add_operation(now, connection, ws, submission, std::move(waiting));
  }
  ws.inbox.assign(std::move_iterator{stop}, std::move_iterator{inbox.end()});
  submit(now, connection, std::move(submission));
}

Submission Hub::Core::begin_submission(WebSocket& ws) {
  ws.submit = WebSocket::Submit::Running;
  return {ws.receiver.session, ws.receiver.epoch, std::exchange(ws.ack, std::nullopt), {}};
}

void Hub::Core::add_operation(Now now, ConnectionId connection, const WebSocket& ws,
                              Submission& submission, Waiting&& waiting) {
  auto& message = waiting.message;
  if (!message) {
    submission.operations.push_back(refusal(message.error()));
    return;
  }
  if (std::holds_alternative<client::Ice>(message->message)) watch_ice(now, connection, 0ms);
  static const Vouched kNothing;
  const Speaker speaker{ws.receiver.peer, ws.client, ws.vouched ? *ws.vouched : kNothing};
  submission.operations.push_back(to_operation(now, *std::move(message), speaker));
}

void Hub::Core::submit(Now now, ConnectionId connection, Submission submission) {
  state_.submit(now, std::move(submission),
                [this, connection](Now then, std::expected<Submitted, StateError> submitted) {
                  if (submitted) count(*submitted);
                  on_ws_submitted(then, connection, submitted);
                });
}

void Hub::Core::on_ws_submitted(Now now, ConnectionId connection,
                                const std::expected<Submitted, StateError>& submitted) {
  const auto found = sockets_.find(connection);
  if (found == sockets_.end()) return;
  if (!submitted) return fail_ws(now, connection, make_error(code_of(submitted.error())));
  WebSocket& ws = found->second;
  // The engine came back without what it had taken, and the client will not send that again.
  if (submitted->received < ws.received) {
    return fail_ws(now, connection, make_error(ErrorCode::SessionLost));
  }
  ws.submit = WebSocket::Submit::Idle;
  acknowledge(now, connection, ws, submitted->received);
  if (submitted->expected && ws.told_gap != submitted->expected) {
    ws.told_gap = submitted->expected;
    server::Error error = make_error(ErrorCode::BadSequence);
    error.expected = submitted->expected;
    out_.emit(effect::Send{connection, error_text(error)});
  }
  flush(now, connection, ws);
}

void Hub::Core::acknowledge(Now now, ConnectionId connection, WebSocket& ws, SendNo received) {
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
