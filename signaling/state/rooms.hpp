// The memory engine's rooms: capacity, roles, who is told what, and what may pass between members.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "signaling/state/negotiation.hpp"
#include "signaling/state/session_table.hpp"

namespace icebreaker::signaling {

// A session's request in a queue; kept until a match is settled, to queue it again.
struct MatchTicket {
  Session* session = nullptr;
  client::Match request;
  MonoTime since;
};

class Rooms {
 public:
  explicit Rooms(SessionTable& sessions) : sessions_{sessions} {}

  // Tells the joiner and the members. `wanted` comes from a resume token and holds when it is free.
  std::expected<void, ErrorCode> join(Session& session, const operation::Join& join,
                                      std::optional<Role> wanted = std::nullopt);
  // A new room for sessions that were matched, the longest waiting first.
  void seat(const std::vector<MatchTicket>& group);
  // Tells the others. Returns those whose match is off because not everyone acknowledged it; they
  // are out of the room, which is gone.
  std::vector<MatchTicket> leave(Session& session, LeaveReason reason);
  // The same for one that goes away without having acknowledged its match, who is among them:
  // nobody's partner.
  std::vector<MatchTicket> give_up_unheard_match(const Session& session);
  // The same peer under a new session: nobody is told, what it missed goes along.
  void replace(Session& old, Session& fresh);

  void tell_presence(const Session& session);

  std::expected<Dropped, ErrorCode> pass(Session& from, const client::Signal& signal);

  [[nodiscard]] std::size_t size() const { return rooms_.size(); }

 private:
  struct Member {
    Session* session = nullptr;
    std::string name;
    Role role = Role::Impolite;
    std::unique_ptr<MatchTicket> ticket;  // of a match that is not settled
    Seq told = 0;  // number of the message that told the session of its match
  };

  struct Room {
    std::uint32_t capacity = 2;
    std::vector<Member> members;  // in the order of joining
    std::map<std::pair<PeerId, PeerId>, Negotiation> negotiations;
  };

  static Role free_role(const Room& room, std::optional<Role> wanted);
  static Role role_towards(const Room& room, const Member& reader, const Member& other);
  static std::vector<server::Peer> peers_of(const Room& room, const Member& reader);
  static Member& member_of(Room& room, const Session& session);
  static bool is_settled(const Room& room);
  static bool has_heard(const Member& member);

  void tell_joined(const std::string& name, Room& room, Member& member);
  std::vector<MatchTicket> dissolve(const std::string& name, const PeerId& gone);
  std::expected<Dropped, ErrorCode> pass_generation(Room& room, const Session& from, Session& to,
                                                    const client::Signal& signal);
  static void end_negotiations(Room& room, const PeerId& peer);

  SessionTable& sessions_;
  std::unordered_map<std::string, Room> rooms_;
};

}  // namespace icebreaker::signaling
