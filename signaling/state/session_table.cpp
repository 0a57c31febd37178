#include "signaling/state/session_table.hpp"

#include <algorithm>
#include <utility>

#include "common/signaling/json_codec.hpp"
#include "signaling/state/fresh_ids.hpp"

namespace icebreaker::signaling {
namespace {

constexpr std::size_t kPeerIdBytes = 10;  // unique, not secret
constexpr std::size_t kRoomIdBytes = 10;

}  // namespace

Frame frame_of(const ServerMessage& message) {
  const bool needs_token = std::holds_alternative<server::Joined>(message) ||
                           std::holds_alternative<server::Matched>(message);
  return {encode(message), needs_token ? Frame::Kind::NeedsToken : Frame::Kind::Plain};
}

Standing standing_of(const Session& session) {
  return {session.peer, session.user, session.membership, session.grants};
}

Session& SessionTable::add(Now now, const OpenRequest& request) {
  auto session = std::make_unique<Session>(
      Session{.id = {random_hex(random_, kSecretBytes)},
              .peer = request.recreate ? request.recreate->peer
                                       : PeerId{"p" + random_hex(random_, kPeerIdBytes)},
              .user = request.recreate ? request.recreate->user : request.user,
              .grants = request.recreate ? request.recreate->grants : request.grants,
              .epoch = random_epoch(random_),
              .mailbox = Mailbox{{config_.mailbox_messages, config_.mailbox_bytes}},
              .receive = {},
              .receive_ended = now.mono,
              .lease_from = now.mono,
              .ice_given = now.mono,
              .membership = {},
              .queue = {},
              .watching = {}});
  Session& added = *session;
  by_peer_[added.peer] = &added;
  by_id_[added.id] = std::move(session);
  absences_.set(added.id, now.mono + config_.away_after);
  return added;
}

void SessionTable::remove(Now now, Session& session, Trace trace) {
  if (trace == Trace::Tombstone) tombstones_.set(session.id, now.mono + config_.tombstone);
  absences_.erase(session.id);
  if (find_peer(session.peer) == &session) by_peer_.erase(session.peer);
  const SessionId id = session.id;
  by_id_.erase(id);
}

Session* SessionTable::find(const SessionId& id) {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second.get();
}

Session* SessionTable::find_peer(const PeerId& peer) {
  const auto found = by_peer_.find(peer);
  return found == by_peer_.end() ? nullptr : found->second;
}

std::expected<Session*, StateError> SessionTable::look_up(const SessionId& id, Epoch epoch) {
  Session* session = find(id);
  if (session == nullptr) {
    return std::unexpected(tombstones_.deadline_of(id) ? StateError::SessionLost
                                                       : StateError::UnknownSession);
  }
  if (session->epoch != epoch) return std::unexpected(StateError::SessionLost);
  return session;
}

void SessionTable::notify(Session& session, const ServerMessage& message) {
  notify(session, frame_of(message));
}

void SessionTable::notify(Session& session, Frame frame) {
  if (session.mailbox.takes_notice(frame.text.size())) return push(session, std::move(frame));
  overflowed_.push_back(session.id);
}

bool SessionTable::deliver(Session& session, std::string frame) {
  if (!session.mailbox.takes_signal(frame.size())) return false;
  push(session, {std::move(frame), Frame::Kind::Signal});
  return true;
}

void SessionTable::push(Session& session, Frame frame) {
  session.mailbox.push(std::move(frame));
  if (session.receive &&
      (woken_.empty() || std::ranges::find(woken_, session.id) == woken_.end())) {
    woken_.push_back(session.id);
  }
}

void SessionTable::open_receive(Session& session, ReceiveMode mode) {
  session.receive = OpenReceive{ReceiveId{++session.receives}, mode, session.mailbox.last()};
  absences_.erase(session.id);
}

void SessionTable::end_receive(Now now, Session& session) {
  session.receive.reset();
  session.receive_ended = now.mono;
  session.lease_from = now.mono;
  absences_.set(session.id, now.mono + std::min(config_.away_after, config_.resume_window));
}

void SessionTable::renew_lease(Now now, Session& session) {
  if (session.receive) return;
  session.lease_from = now.mono;
  if (session.presence == Presence::Away) await_end(session);
}

void SessionTable::await_end(Session& session) {
  absences_.set(session.id, end_of(session));
}

MonoTime SessionTable::end_of(const Session& session) const {
  return session.lease_from + config_.resume_window;
}

void SessionTable::drop_tombstones(MonoTime now) {
  while (tombstones_.pop_due(now)) {
  }
}

std::optional<MonoTime> SessionTable::next_deadline() const {
  const auto absence = absences_.next();
  const auto tombstone = tombstones_.next();
  if (!absence || !tombstone) return absence ? absence : tombstone;
  return std::min(*absence, *tombstone);
}

std::string SessionTable::random_room() {
  return "m-" + random_hex(random_, kRoomIdBytes);
}

}  // namespace icebreaker::signaling
