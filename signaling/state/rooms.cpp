#include "signaling/state/rooms.hpp"

#include <algorithm>

#include "common/base/check.hpp"
#include "common/signaling/json_codec.hpp"

namespace icebreaker::signaling {
namespace {

constexpr std::uint32_t kPair = 2;

}  // namespace

std::expected<void, ErrorCode> Rooms::join(Session& session, const operation::Join& join,
                                           std::optional<Role> wanted) {
  if (session.membership || session.queue) return std::unexpected(ErrorCode::AlreadyJoined);
  const auto [entry, created] = rooms_.try_emplace(join.room);
  Room& room = entry->second;
  if (created) room.capacity = join.capacity;
  if (room.members.size() >= room.capacity) return std::unexpected(ErrorCode::RoomFull);

  const Role role = free_role(room, wanted);
  session.membership = Membership{join.room, join.name, role, room.capacity};
  room.members.push_back({&session, join.name, role, nullptr, 0});
  Member& joiner = room.members.back();
  tell_joined(join.room, room, joiner);
  for (const Member& member : room.members) {
    if (member.session == &session) continue;
    sessions_.notify(*member.session, server::PeerJoined{join.room, session.peer, join.name,
                                                         role_towards(room, member, joiner)});
  }
  if (session.presence == Presence::Away) tell_presence(session);
  return {};
}

void Rooms::seat(const std::vector<MatchTicket>& group) {
  const std::string name = sessions_.random_room();
  Room& room = rooms_[name];
  room.capacity = static_cast<std::uint32_t>(group.size());
  for (const MatchTicket& ticket : group) {
    const Role role = free_role(room, std::nullopt);
    ticket.session->queue.reset();
    ticket.session->membership = Membership{name, "", role, room.capacity};
    room.members.push_back({ticket.session, "", role, std::make_unique<MatchTicket>(ticket), 0});
  }
  for (Member& member : room.members) {
    sessions_.notify(*member.session, server::Matched{member.ticket->request.queue, name,
                                                      peers_of(room, member), member.role, ""});
    member.told = member.session->mailbox.last();
  }
}

std::vector<MatchTicket> Rooms::leave(Session& session, LeaveReason reason) {
  ICEBREAKER_CHECK(session.membership.has_value());
  const std::string name = session.membership->room;
  Room& room = rooms_.at(name);
  const bool settled = is_settled(room);
  end_negotiations(room, session.peer);
  session.membership.reset();
  std::erase_if(room.members, [&](const Member& each) { return each.session == &session; });

  if (room.members.empty()) {
    rooms_.erase(name);
    return {};
  }
  if (!settled) return dissolve(name, session.peer);
  for (const Member& member : room.members) {
    sessions_.notify(*member.session, server::PeerLeft{name, session.peer, reason});
  }
  return {};
}

std::vector<MatchTicket> Rooms::dissolve(const std::string& name, const PeerId& gone) {
  Room& room = rooms_.at(name);
  std::vector<MatchTicket> unmatched;
  // Who is gone itself is told of another.
  const auto other = std::ranges::find_if(
      room.members, [&](const Member& each) { return each.session->peer != gone; });
  const PeerId other_peer = other->session->peer;
  for (Member& member : room.members) {
    end_negotiations(room, member.session->peer);
    const PeerId& left = member.session->peer == gone ? other_peer : gone;
    sessions_.notify(*member.session, server::PeerLeft{name, left, LeaveReason::Unmatched});
    member.session->membership.reset();
    member.ticket->session = member.session;
    unmatched.push_back(std::move(*member.ticket));
  }
  rooms_.erase(name);
  return unmatched;
}

std::vector<MatchTicket> Rooms::give_up_unheard_match(const Session& session) {
  if (!session.membership) return {};
  const std::string name = session.membership->room;
  Room& room = rooms_.at(name);
  if (is_settled(room) || has_heard(member_of(room, session))) return {};
  return dissolve(name, session.peer);
}

void Rooms::replace(Session& old, Session& fresh) {
  ICEBREAKER_CHECK(old.membership.has_value());
  const std::string name = old.membership->room;
  Room& room = rooms_.at(name);
  // The new holder counts generations from the start.
  end_negotiations(room, old.peer);
  Member& member = member_of(room, old);
  const bool is_unheard = !has_heard(member);
  member.session = &fresh;
  fresh.membership = std::exchange(old.membership, std::nullopt);
  fresh.presence = old.presence;
  tell_joined(name, room, member);
  member.told = is_unheard ? fresh.mailbox.last() : 0;
  // No peer-left will stand for what was not acknowledged, so it must not vanish.
  for (Frame& frame : old.mailbox.frames_after(0)) {
    if (frame.kind == Frame::Kind::Signal) sessions_.notify(fresh, std::move(frame));
  }
}

void Rooms::tell_presence(const Session& session) {
  if (!session.membership) return;
  const std::string& name = session.membership->room;
  for (const Member& member : rooms_.at(name).members) {
    if (member.session == &session) continue;
    if (session.presence == Presence::Away) {
      sessions_.notify(*member.session, server::PeerAway{name, session.peer});
    } else {
      sessions_.notify(*member.session, server::PeerBack{name, session.peer});
    }
  }
}

std::expected<Dropped, ErrorCode> Rooms::pass(Session& from, const client::Signal& signal) {
  if (!from.membership) return std::unexpected(ErrorCode::NotInRoom);
  Room& room = rooms_.at(from.membership->room);
  const auto to = std::ranges::find_if(
      room.members, [&](const Member& each) { return each.session->peer == signal.to; });
  if (to == room.members.end() || to->session == &from) {
    return std::unexpected(ErrorCode::NoSuchPeer);
  }
  if (signal.gen) return pass_generation(room, from, *to->session, signal);
  std::string frame = encode_signal(from.peer, signal.data, signal.gen);
  if (!sessions_.deliver(*to->session, std::move(frame))) {
    return std::unexpected(ErrorCode::MailboxFull);
  }
  return Dropped{};
}

std::expected<Dropped, ErrorCode> Rooms::pass_generation(Room& room, const Session& from,
                                                         Session& to,
                                                         const client::Signal& signal) {
  using Direction = Negotiation::Direction;
  const auto direction = from.peer < to.peer ? Direction::Up : Direction::Down;
  Negotiation& pair = room.negotiations[std::minmax(from.peer, to.peer)];
  const auto verdict = pair.judge(direction, signal.kind, *signal.gen);
  if (verdict == Negotiation::Verdict::Stale) return Dropped{.stale = 1};

  std::string frame = encode_signal(from.peer, signal.data, signal.gen);
  if (verdict == Negotiation::Verdict::Hold) {
    const auto most = to.mailbox.held_bounds();
    if (frame.size() > most.bytes) return std::unexpected(ErrorCode::MailboxFull);
    return Dropped{.crowded_out = pair.hold(direction, {*signal.gen, std::move(frame)}, most)};
  }
  const bool describes = signal.kind == SignalKind::Description;
  const auto freed = describes ? pair.freed_by(direction, *signal.gen) : Mailbox::Bounds{};
  if (!to.mailbox.takes_signal(frame.size() + freed.bytes, freed.messages)) {
    return std::unexpected(ErrorCode::MailboxFull);
  }
  sessions_.deliver(to, std::move(frame));
  if (!describes) return Dropped{};
  auto [to_deliver, dropped] = pair.describe(direction, *signal.gen);
  for (auto& each : to_deliver) sessions_.deliver(to, std::move(each.frame));
  return Dropped{.stale = dropped};
}

void Rooms::end_negotiations(Room& room, const PeerId& peer) {
  std::erase_if(room.negotiations, [&](const auto& entry) {
    return entry.first.first == peer || entry.first.second == peer;
  });
}

Role Rooms::free_role(const Room& room, std::optional<Role> wanted) {
  if (room.capacity > kPair) return room.members.empty() ? Role::Impolite : Role::Polite;
  const auto is_taken = [&](Role role) {
    return std::ranges::any_of(room.members, [&](const Member& each) { return each.role == role; });
  };
  if (wanted && !is_taken(*wanted)) return *wanted;
  return is_taken(Role::Impolite) ? Role::Polite : Role::Impolite;
}

// Between any two, the later joiner is polite.
Role Rooms::role_towards(const Room& room, const Member& reader, const Member& other) {
  if (room.capacity <= kPair) return other.role;
  return &other > &reader ? Role::Polite : Role::Impolite;
}

std::vector<server::Peer> Rooms::peers_of(const Room& room, const Member& reader) {
  std::vector<server::Peer> peers;
  for (const Member& member : room.members) {
    if (&member == &reader) continue;
    peers.push_back({member.session->peer, member.name, role_towards(room, reader, member),
                     member.session->presence});
  }
  return peers;
}

Rooms::Member& Rooms::member_of(Room& room, const Session& session) {
  const auto found = std::ranges::find_if(
      room.members, [&](const Member& each) { return each.session == &session; });
  ICEBREAKER_CHECK(found != room.members.end());
  return *found;
}

// Matched sessions are bound to each other once all have acknowledged that they are, or someone
// joined them.
bool Rooms::is_settled(const Room& room) {
  const auto& members = room.members;
  return std::ranges::any_of(members, [](const Member& each) { return !each.ticket; }) ||
         std::ranges::all_of(members, has_heard);
}

bool Rooms::has_heard(const Member& member) {
  return member.session->mailbox.acked() >= member.told;
}

void Rooms::tell_joined(const std::string& name, Room& room, Member& member) {
  sessions_.notify(*member.session,
                   server::Joined{name, peers_of(room, member), member.role, room.capacity, ""});
}

}  // namespace icebreaker::signaling
