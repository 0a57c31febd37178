// What a session does, one operation per function.
#include <utility>

#include "signaling/state/memory_state.hpp"

namespace icebreaker::signaling {

MemoryState::Outcome MemoryState::apply(Now now, Session& session,
                                        const operation::Answer& answer) {
  if (answer.ice == operation::Answer::Ice::Fresh) session.ice_given = now.mono;
  sessions_.notify(session, Frame{answer.frame, Frame::Kind::Plain});
  return Dropped{};
}

MemoryState::Outcome MemoryState::apply(Now /*now*/, Session& session,
                                        const operation::Join& join) {
  if (const auto joined = rooms_.join(session, join); !joined) {
    return std::unexpected(joined.error());
  }
  return Dropped{};
}

MemoryState::Outcome MemoryState::apply(Now now, Session& session,
                                        const operation::Leave& /*leave*/) {
  if (!session.membership) return std::unexpected(ErrorCode::NotInRoom);
  leave_room(now, session, LeaveReason::Left);
  return Dropped{};
}

MemoryState::Outcome MemoryState::apply(Now /*now*/, Session& session,
                                        const operation::Signal& signal) {
  return rooms_.pass(session, signal);
}

MemoryState::Outcome MemoryState::apply(Now now, Session& session, const operation::Match& match) {
  if (session.membership) return std::unexpected(ErrorCode::AlreadyJoined);
  if (session.queue) return std::unexpected(ErrorCode::AlreadyMatching);
  enqueue(now, {&session, match, now.mono});
  return Dropped{};
}

MemoryState::Outcome MemoryState::apply(Now /*now*/, Session& session,
                                        const operation::MatchCancel& cancel) {
  if (!matchmaker_.cancel(session, cancel.queue)) return std::unexpected(ErrorCode::NotMatching);
  sessions_.notify(session, server::MatchCancelled{cancel.queue});
  return Dropped{};
}

MemoryState::Outcome MemoryState::apply(Now /*now*/, Session& session,
                                        const operation::Watch& watch) {
  if (const auto watched = presence_.watch(session, watch.users); !watched) {
    return std::unexpected(watched.error());
  }
  return Dropped{};
}

MemoryState::Outcome MemoryState::apply(Now /*now*/, Session& session,
                                        const operation::Unwatch& unwatch) {
  presence_.unwatch(session, unwatch.users);
  return Dropped{};
}

MemoryState::Outcome MemoryState::apply(Now now, Session& session, const operation::Bye& /*bye*/) {
  end_session(now, session, {LeaveReason::Bye, SessionTable::Trace::None, End::Closed});
  return Dropped{};
}

void MemoryState::leave_room(Now now, Session& session, LeaveReason reason) {
  for (MatchTicket& ticket : rooms_.leave(session, reason)) enqueue(now, std::move(ticket));
}

void MemoryState::enqueue(Now now, MatchTicket ticket) {
  Session& session = *ticket.session;
  const std::string queue = ticket.request.queue;
  const std::uint32_t position = matchmaker_.add(std::move(ticket));
  sessions_.notify(session, server::Matching{queue, position});
  look_for_group(now, session);
}

void MemoryState::look_for_group(Now now, const Session& session) {
  if (!session.queue) return;
  if (const auto group = matchmaker_.take_group(now.mono, session)) rooms_.seat(*group);
}

}  // namespace icebreaker::signaling
