#include "signaling/state/memory_state.hpp"

#include <algorithm>
#include <memory>

#include "common/base/check.hpp"

namespace icebreaker::signaling {

MemoryState::MemoryState(StateConfig config, RandomSource& random)
    : config_{config},
      sessions_{config_, random},
      rooms_{sessions_},
      matchmaker_{config_},
      presence_{sessions_} {}

template <class T>
void MemoryState::complete(Now now, Completion<T> done, std::expected<T, StateError> result) {
  if (running_ || !tasks_.empty() || sessions_.has_overflowed()) {
    later([now, result = std::move(result), done = std::move(done)]() mutable {
      done(now, std::move(result));
    });
    return finish(now);
  }
  // The same order without the queue, which is for the rare and the nested.
  running_ = true;
  const auto woken = sessions_.take_woken();
  done(now, std::move(result));
  for (const SessionId& id : woken) wake(now, id);
  running_ = false;
  finish(now);
}

void MemoryState::open(Now now, OpenRequest request, Completion<SessionInfo> done) {
  complete(now, std::move(done), do_open(now, request));
}

void MemoryState::resume(Now now, ResumeRequest request, Completion<SessionInfo> done) {
  complete(now, std::move(done), do_resume(now, request));
}

void MemoryState::attach(Now now, AttachRequest request, Completion<Attached> done) {
  complete(now, std::move(done), do_attach(now, request));
}

void MemoryState::fetch(Now now, FetchRequest request, Completion<Delivery> done) {
  complete(now, std::move(done), do_fetch(now, request));
}

void MemoryState::submit(Now now, Submission submission, Completion<Submitted> done) {
  complete(now, std::move(done), do_submit(now, submission));
}

void MemoryState::close(Now now, const SessionId& session, Epoch epoch,
                        Completion<Submitted> done) {
  std::expected<Submitted, StateError> result = Submitted{};
  if (const auto found = sessions_.look_up(session, epoch)) {
    end_session(now, **found, {LeaveReason::Bye, SessionTable::Trace::None, End::Closed});
  } else {
    result = std::unexpected(found.error());
  }
  complete(now, std::move(done), std::move(result));
}

void MemoryState::charge(Now now, std::vector<RateCharge> charges, Completion<RateWait> done) {
  complete<RateWait>(now, std::move(done), rates_.charge(now.mono, charges));
}

void MemoryState::detach(Now now, const SessionId& id, ReceiveId receive) {
  Session* session = sessions_.find(id);
  if (session == nullptr || !session->receive || session->receive->id != receive) return;
  sessions_.end_receive(now, *session);
  finish(now);
}

std::expected<SessionInfo, StateError> MemoryState::do_open(Now now, const OpenRequest& request) {
  Session* old = request.recreate ? sessions_.find_peer(request.recreate->peer) : nullptr;
  const bool full = config_.sessions != 0 && sessions_.size() >= config_.sessions;
  if (full && old == nullptr) return std::unexpected(StateError::Unavailable);
  Session& session = sessions_.add(now, request);
  presence_.enter(session.user);
  if (request.recreate && request.recreate->membership) {
    recreate(session, old, *request.recreate->membership);
  }
  if (old != nullptr) {
    end_session(now, *old,
                {LeaveReason::Replaced, SessionTable::Trace::Tombstone, End::Superseded});
  }
  return SessionInfo{session.id, session.epoch, session.mailbox.acked(), session.received,
                     standing_of(session)};
}

void MemoryState::recreate(Session& fresh, Session* old, const Membership& membership) {
  if (old != nullptr && old->membership && old->membership->room == membership.room) {
    rooms_.replace(*old, fresh);
    return;
  }
  const operation::Join join{membership.room, membership.name, membership.capacity};
  if (const auto joined = rooms_.join(fresh, join, membership.role); !joined) {
    sessions_.notify(
        fresh, server::Error{joined.error(), "the room of the resume token is full", {}, {}, {}});
  }
}

std::expected<Session*, StateError> MemoryState::acknowledge(const SessionId& id, Epoch epoch,
                                                             std::optional<Seq> ack) {
  auto session = sessions_.look_up(id, epoch);
  if (session && ack && !(*session)->mailbox.acknowledge(*ack)) {
    return std::unexpected(StateError::SessionLost);
  }
  return session;
}

std::expected<SessionInfo, StateError> MemoryState::do_resume(Now now,
                                                              const ResumeRequest& request) {
  const auto found = acknowledge(request.session, request.epoch, request.after);
  if (!found) return std::unexpected(found.error());
  Session& session = **found;
  sessions_.renew_lease(now, session);
  if (request.purpose == ResumeRequest::Purpose::Welcome) session.ice_given = now.mono;
  return SessionInfo{session.id, session.epoch, session.mailbox.acked(), session.received,
                     standing_of(session)};
}

std::expected<Attached, StateError> MemoryState::do_attach(Now now, const AttachRequest& request) {
  const auto& resume = request.resume;
  const auto found = acknowledge(resume.session, resume.epoch, resume.after);
  if (!found) return std::unexpected(found.error());
  Session& session = **found;
  if (session.receive) {
    later([this, now, id = session.id, receive = session.receive->id] {
      listener_->on_receive_ended(now, id, receive, End::Superseded);
    });
  }
  sessions_.open_receive(session, request.mode);
  become_present(now, session);
  Attached attached{
      session.receive->id, standing_of(session), delivery_of(session, session.mailbox.acked()),
      std::chrono::duration_cast<std::chrono::milliseconds>(now.mono - session.ice_given)};
  if (request.mode == ReceiveMode::Poll && !attached.delivery.frames.empty()) {
    sessions_.end_receive(now, session);
  }
  end_overflowed(now);
  // It could not even be told of a match.
  if (sessions_.find(resume.session) == nullptr) return std::unexpected(StateError::SessionLost);
  return attached;
}

std::expected<Delivery, StateError> MemoryState::do_fetch(Now now, const FetchRequest& request) {
  Session* session = sessions_.find(request.session);
  if (session == nullptr) return std::unexpected(StateError::UnknownSession);
  if (!session->receive || session->receive->id != request.receive) {
    return std::unexpected(StateError::Superseded);
  }
  Delivery delivery = delivery_of(*session, request.after);
  if (request.mode == ReceiveMode::Poll && !delivery.frames.empty()) {
    sessions_.end_receive(now, *session);
  }
  return delivery;
}

Delivery MemoryState::delivery_of(const Session& session, Seq after) const {
  Delivery delivery;
  delivery.first_seq = std::max(after, session.mailbox.acked()) + 1;
  delivery.frames = session.mailbox.frames_after(after);
  if (std::ranges::any_of(delivery.frames,
                          [](const Frame& each) { return each.kind == Frame::Kind::NeedsToken; })) {
    delivery.standing = standing_of(session);
  }
  return delivery;
}

void MemoryState::become_present(Now now, Session& session) {
  if (session.presence == Presence::Here) return;
  session.presence = Presence::Here;
  rooms_.tell_presence(session);
  look_for_group(now, session);
}

void MemoryState::become_away(Now now, Session& session) {
  session.presence = Presence::Away;
  for (MatchTicket& ticket : rooms_.give_up_unheard_match(session)) enqueue(now, std::move(ticket));
  rooms_.tell_presence(session);
}

std::expected<Submitted, StateError> MemoryState::do_submit(Now now, const Submission& submission) {
  const auto found = acknowledge(submission.session, submission.epoch, submission.ack);
  if (!found) return std::unexpected(found.error());
  Session& session = **found;
  sessions_.renew_lease(now, session);

  Submitted result{
      .received = session.received, .expected = {}, .refusals = {}, .refused_joins = {}};
  for (const auto& [n, operation] : submission.operations) {
    if (n && *n <= result.received) {
      ++result.duplicates;
      continue;
    }
    if (n && *n > result.received + 1) {
      result.expected = result.received + 1;
      break;
    }
    if (n) session.received = result.received = *n;
    const Outcome outcome =
        std::visit([&](const auto& each) { return apply(now, session, each); }, operation);
    if (std::holds_alternative<operation::Bye>(operation)) break;
    const Dropped dropped = outcome.value_or(Dropped{});
    result.stale += dropped.stale;
    result.crowded_out += dropped.crowded_out;
    if (outcome) continue;
    result.refusals.push_back(outcome.error());
    if (std::holds_alternative<operation::Join>(operation)) {
      result.refused_joins.push_back(outcome.error());
    }
    sessions_.notify(
        session, server::Error{outcome.error(), std::string{describe(outcome.error())}, n, {}, {}});
  }
  return result;
}

void MemoryState::end_session(Now now, Session& session, Ending ending) {
  if (session.receive) {
    later([this, now, id = session.id, receive = session.receive->id, end = ending.end] {
      listener_->on_receive_ended(now, id, receive, end);
    });
  }
  if (session.queue) matchmaker_.cancel(session, std::string{*session.queue});
  if (session.membership) leave_room(now, session, ending.reason);
  presence_.forget(session);
  const std::string user = session.user;
  sessions_.remove(now, session, ending.trace);
  presence_.exit(user);
}

void MemoryState::on_absent(Now now, Session& session) {
  if (now.mono >= sessions_.end_of(session)) return end_session(now, session, {});
  if (session.presence == Presence::Here) become_away(now, session);
  sessions_.await_end(session);
}

void MemoryState::on_deadline(Now now) {
  while (const auto due = sessions_.pop_due(now.mono)) {
    if (Session* session = sessions_.find(*due)) on_absent(now, *session);
  }
  sessions_.drop_tombstones(now.mono);
  rates_.forget_idle(now.mono);
  if (matchmaker_.next_deadline().value_or(MonoTime::max()) <= now.mono) {
    while (const auto group = matchmaker_.take_widened(now.mono)) rooms_.seat(*group);
    matchmaker_.on_deadline(now.mono);
  }
  finish(now);
}

std::optional<MonoTime> MemoryState::next_deadline() const {
  std::optional<MonoTime> next;
  for (const auto& due :
       {sessions_.next_deadline(), matchmaker_.next_deadline(), rates_.next_deadline()}) {
    if (due) next = std::min(next.value_or(*due), *due);
  }
  return next;
}

MemoryState::Sizes MemoryState::sizes() const {
  return {sessions_.size(),   sessions_.tombstones(), rooms_.size(),
          matchmaker_.size(), presence_.size(),       rates_.size()};
}

void MemoryState::later(std::move_only_function<void()> task) {
  tasks_.push_back(std::move(task));
}

void MemoryState::wake(Now now, const SessionId& id) {
  Session* session = sessions_.find(id);
  if (session == nullptr || !session->receive) return;
  OpenReceive& receive = *session->receive;
  if (receive.mode == ReceiveMode::Poll) return listener_->on_wake(now, id, receive.id);
  const Seq told = std::exchange(receive.told, session->mailbox.last());
  if (told < receive.told) {
    listener_->on_frames(now, id, receive.id, delivery_of(*session, told));
  }
}

// A mailbox that cannot take what its owner must be told has broken the promise to it.
void MemoryState::end_overflowed(Now now) {
  for (auto over = sessions_.take_overflowed(); !over.empty(); over = sessions_.take_overflowed()) {
    for (const SessionId& id : over) {
      if (Session* session = sessions_.find(id)) end_session(now, *session, {});
    }
  }
}

void MemoryState::finish(Now now) {
  end_overflowed(now);
  for (const SessionId& id : sessions_.take_woken()) later([this, now, id] { wake(now, id); });
  if (running_) return;
  running_ = true;
  while (!tasks_.empty()) {
    auto task = std::move(tasks_.front());
    tasks_.pop_front();
    task();
  }
  running_ = false;
}

}  // namespace icebreaker::signaling
