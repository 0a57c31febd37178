// Receiving: polls, and how messages get from a mailbox to whatever transport waits for them.
#include <algorithm>
#include <utility>

#include "common/base/parse_number.hpp"
#include "signaling/core/hub_core.hpp"

namespace icebreaker::signaling {
namespace {

using std::chrono::milliseconds;

// A hold is 80 to 100 % of hold_ms, so that clients that came together do not stay together.
constexpr std::uint32_t kHoldMinPercent = 80;
// An ICE server list is replaced when this much of its life is over.
constexpr std::int64_t kIceRefreshPercent = 75;
constexpr auto kIceRetry = std::chrono::seconds{10};

std::optional<std::uint64_t> parse_wire_integer(std::string_view text) {
  const auto value = parse_number<std::uint64_t>(text);
  return value > kMaxWireInteger ? std::nullopt : value;
}

server::Error bad_request(std::string what) {
  return {ErrorCode::BadMessage, std::move(what), {}, {}, {}};
}

}  // namespace

std::optional<ResumeRequest> Hub::Core::receive_request(Now now, ConnectionId request,
                                                        const ClientInfo& client,
                                                        const UrlParameters& url) {
  if (draining_) return respond_error(request, StateError::Unavailable), std::nullopt;
  if (const auto error = refuse_request(now, client)) {
    return respond_error(request, 429, *error), std::nullopt;
  }
  const auto epoch = parse_wire_integer(url.epoch.value_or(""));
  if (!epoch) {
    respond_error(request, 400, bad_request("'epoch' must be a number"));
    return std::nullopt;
  }
  const auto after = url.after ? parse_wire_integer(*url.after) : std::nullopt;
  if (url.after && !after) {
    respond_error(request, 400, bad_request("'after' must be a number"));
    return std::nullopt;
  }
  return ResumeRequest{{std::string{url.session}}, *epoch, after};
}

void Hub::Core::poll(Now now, ConnectionId request, ClientInfo client, const UrlParameters& url) {
  requests_.insert(request);
  const auto resume = receive_request(now, request, client, url);
  if (!resume) return;
  HeldPoll& held = polls_[request];
  held.client = std::move(client);
  held.receiver.session = resume->session;
  held.receiver.epoch = resume->epoch;
  held.receiver.transport = Transport::Poll;
  attach(now, request, {*resume, ReceiveMode::Poll},
         [this, request](Now then, std::expected<Attached, StateError> attached) {
           on_poll_attached(then, request, std::move(attached));
         });
}

void Hub::Core::attach(Now now, ConnectionId connection, AttachRequest request, OnAttached done) {
  const SessionId session = request.resume.session;
  ++attaching_[session];
  state_.attach(now, std::move(request),
                [this, connection, session, done = std::move(done)](
                    Now then, std::expected<Attached, StateError> attached) mutable {
                  if (receiver_of(connection) != nullptr) {
                    done(then, std::move(attached));
                  } else if (attached) {
                    state_.detach(then, session, attached->receive);
                  }
                  if (--attaching_.at(session) == 0) forget_early(session);
                });
}

void Hub::Core::on_poll_attached(Now now, ConnectionId request,
                                 std::expected<Attached, StateError> attached) {
  if (!attached) {
    drop_poll(request);
    return respond_error(request, attached.error());
  }
  polls_.at(request).receiver.peer = attached->standing.peer;
  polls_.at(request).since = now.mono;
  begin_receive(now, request, *std::move(attached));
  if (!polls_.contains(request)) return;
  if (draining_) return end_hold(now, request);
  const std::uint32_t percent = kHoldMinPercent + random_.below(101 - kHoldMinPercent);
  timers_.set({request, HubTimer::Kind::HoldEnd}, now.mono + config_.hold * percent / 100);
}

void Hub::Core::begin_receive(Now now, ConnectionId connection, Attached attached) {
  Receiver& receiver = *receiver_of(connection);
  const ReceiverKey key{receiver.session, attached.receive};
  receiver.receive = attached.receive;
  receiver.delivered = attached.delivery.first_seq - 1;
  receivers_[key] = connection;
  counters_.mailbox_depth.observe(static_cast<double>(attached.delivery.frames.size()));
  hand_over(now, connection, std::move(attached.delivery));
  if (receiver_of(connection) != nullptr) watch_ice(now, connection, attached.ice_age);
  const auto early = early_.extract(key);
  if (early.empty()) return;
  if (early.mapped()) return on_receive_ended(now, key.first, key.second, *early.mapped());
  fetch(now, connection);
}

void Hub::Core::hand_over(Now now, ConnectionId connection, Delivery delivery) {
  Receiver& receiver = *receiver_of(connection);
  auto messages = numbered(now, receiver, std::move(delivery));
  const auto woken = std::exchange(receiver.woken, std::nullopt);
  if (messages.empty()) return;
  if (woken) counters_.wake_delivery.observe(now.mono - *woken);
  switch (receiver.transport) {
    case Transport::WebSocket:
      for (std::string& text : messages) out_.emit(effect::Send{connection, std::move(text)});
      return;
    case Transport::Events: {
      Seq seq = receiver.delivered - messages.size();
      for (std::string& text : messages) {
        out_.emit(effect::StreamEvent{connection, ++seq, std::move(text)});
      }
      return;
    }
    case Transport::Poll:
      counters_.poll_hold.observe(now.mono - polls_.at(connection).since);
      drop_poll(connection);  // the engine ended the receive when it had something
      return respond(connection, 200, encode_poll(messages));
  }
}

std::vector<std::string> Hub::Core::numbered(Now now, Receiver& receiver, Delivery delivery) {
  std::vector<std::string> messages;
  messages.reserve(delivery.frames.size());
  const std::string token =
      delivery.standing ? tokens_.mint(now, *delivery.standing) : std::string{};
  Seq seq = delivery.first_seq;
  for (Frame& frame : delivery.frames) {
    const Seq number = seq++;
    if (number <= receiver.delivered) continue;
    if (frame.kind == Frame::Kind::NeedsToken) frame.text = with_resume_token(frame.text, token);
    messages.push_back(with_seq(frame.text, number));
    receiver.delivered = number;
  }
  counters_.delivered += messages.size();
  return messages;
}

void Hub::Core::on_wake(Now now, const SessionId& session, ReceiveId receive) {
  const auto found = receivers_.find(ReceiverView{session, receive});
  if (found != receivers_.end()) {
    note_wake(now, *receiver_of(found->second));
    return fetch(now, found->second);
  }
  if (attaching_.contains(session)) early_.try_emplace({session, receive});
}

void Hub::Core::on_frames(Now now, const SessionId& session, ReceiveId receive, Delivery delivery) {
  const auto found = receivers_.find(ReceiverView{session, receive});
  Receiver* const receiver = found == receivers_.end() ? nullptr : receiver_of(found->second);
  // Not known yet, a poll, or something is missing before these: like any hint.
  if (receiver == nullptr || receiver->transport == Transport::Poll ||
      delivery.first_seq > receiver->delivered + 1) {
    return on_wake(now, session, receive);
  }
  note_wake(now, *receiver);
  hand_over(now, found->second, std::move(delivery));
}

void Hub::Core::note_wake(Now now, Receiver& receiver) {
  // What a fetch that is under way brings may be from before this hint.
  auto& woken = receiver.woken && receiver.fetch != Receiver::Fetch::Idle ? receiver.woken_again
                                                                          : receiver.woken;
  if (!woken) woken = now.mono;
}

void Hub::Core::fetch(Now now, ConnectionId connection) {
  Receiver* receiver = receiver_of(connection);
  if (receiver == nullptr) return;
  if (receiver->fetch != Receiver::Fetch::Idle) {
    receiver->fetch = Receiver::Fetch::Again;
    return;
  }
  receiver->fetch = Receiver::Fetch::Running;
  const bool is_poll = receiver->transport == Transport::Poll;
  const auto mode = is_poll ? ReceiveMode::Poll : ReceiveMode::Stream;
  state_.fetch(now, {receiver->session, receiver->receive, receiver->delivered, mode},
               [this, connection](Now then, std::expected<Delivery, StateError> delivery) {
                 on_fetched(then, connection, std::move(delivery));
               });
}

void Hub::Core::on_fetched(Now now, ConnectionId connection,
                           std::expected<Delivery, StateError> delivery) {
  Receiver* receiver = receiver_of(connection);
  if (receiver == nullptr) return;
  if (!delivery && delivery.error() == StateError::Unavailable) {
    // Holds on: the engine hints at every open receive once it can be reached again.
    receiver->fetch = Receiver::Fetch::Idle;
    return;
  }
  if (!delivery) {
    const auto code = code_of(delivery.error());
    return fail_receive(now, connection, code, http_status_of(code));
  }
  const auto state = std::exchange(receiver->fetch, Receiver::Fetch::Idle);
  const auto woken_again = std::exchange(receiver->woken_again, std::nullopt);
  hand_over(now, connection, *std::move(delivery));
  if (state != Receiver::Fetch::Again) return;
  if (Receiver* again = receiver_of(connection)) again->woken = woken_again;
  fetch(now, connection);
}

void Hub::Core::on_receive_ended(Now now, const SessionId& session, ReceiveId receive, End end) {
  const ReceiverKey key{session, receive};
  const auto found = receivers_.find(key);
  if (found == receivers_.end()) {
    if (attaching_.contains(session)) early_[key] = end;
    return;
  }
  const ConnectionId connection = found->second;
  if (end == End::Superseded) {
    const Transport transport = receiver_of(connection)->transport;
    ++counters_.superseded.at(static_cast<std::size_t>(transport));
    return fail_receive(now, connection, ErrorCode::Superseded, 409);
  }
  if (end == End::Closed && sockets_.contains(connection)) {
    return close_ws(now, connection, CloseCode::Normal, "bye");
  }
  fail_receive(now, connection, ErrorCode::SessionLost, end == End::Closed ? 404 : 410);
}

void Hub::Core::fail_receive(Now now, ConnectionId connection, ErrorCode code,
                             std::uint16_t status) {
  if (streams_.contains(connection)) return fail_stream(now, connection, make_error(code));
  if (!polls_.contains(connection)) return fail_ws(now, connection, make_error(code));
  drop_poll(connection);
  respond_error(connection, status, make_error(code));
}

void Hub::Core::end_hold(Now now, ConnectionId request) {
  const auto found = polls_.find(request);
  if (found == polls_.end()) return;
  const Receiver receiver = found->second.receiver;
  counters_.poll_hold.observe(now.mono - found->second.since);
  drop_poll(request);
  respond(request, 200, encode_poll({}));
  state_.detach(now, receiver.session, receiver.receive);
}

void Hub::Core::on_request_gone(Now now, ConnectionId request) {
  requests_.erase(request);
  if (streams_.contains(request)) return drop_stream(now, request);
  const auto found = polls_.find(request);
  if (found == polls_.end()) return;
  const Receiver receiver = found->second.receiver;
  drop_poll(request);
  // Before it is open, attach finds the request gone and detaches.
  if (receiver.receive != ReceiveId{}) state_.detach(now, receiver.session, receiver.receive);
}

void Hub::Core::drop_poll(ConnectionId request) {
  const auto found = polls_.find(request);
  if (found == polls_.end()) return;
  receivers_.erase({found->second.receiver.session, found->second.receiver.receive});
  polls_.erase(found);
  cancel_timers(request);
}

Hub::Core::Receiver* Hub::Core::receiver_of(ConnectionId connection) {
  if (const auto ws = sockets_.find(connection); ws != sockets_.end()) return &ws->second.receiver;
  if (const auto stream = streams_.find(connection); stream != streams_.end()) {
    return &stream->second.receiver;
  }
  const auto poll = polls_.find(connection);
  return poll == polls_.end() ? nullptr : &poll->second.receiver;
}

void Hub::Core::forget_early(const SessionId& session) {
  attaching_.erase(session);
  auto entry = early_.lower_bound({session, ReceiveId{}});
  while (entry != early_.end() && entry->first.first == session) entry = early_.erase(entry);
}

void Hub::Core::watch_ice(Now now, ConnectionId connection, milliseconds age) {
  const auto due = milliseconds{ice_.ttl()} * kIceRefreshPercent / 100;
  if (age >= due) return refresh_ice(now, connection);
  timers_.set({connection, HubTimer::Kind::IceRefresh}, now.mono + due - age);
}

void Hub::Core::refresh_ice(Now now, ConnectionId connection) {
  Receiver* receiver = receiver_of(connection);
  if (receiver == nullptr) return;
  const auto client_of = [&]() -> const ClientInfo& {
    if (const auto ws = sockets_.find(connection); ws != sockets_.end()) return ws->second.client;
    const auto stream = streams_.find(connection);
    return stream != streams_.end() ? stream->second.client : polls_.at(connection).client;
  };
  ++counters_.ice_refreshes;
  Submission submission{receiver->session, receiver->epoch, std::nullopt, {}};
  submission.operations.push_back({std::nullopt, ice_answer(now, receiver->peer, client_of())});
  watch_ice(now, connection, milliseconds{0});
  state_.submit(now, std::move(submission),
                [this, connection](Now then, std::expected<Submitted, StateError> submitted) {
                  if (submitted) return count(*submitted);
                  if (receiver_of(connection) == nullptr) return;
                  timers_.set({connection, HubTimer::Kind::IceRefresh}, then.mono + kIceRetry);
                });
}

}  // namespace icebreaker::signaling
