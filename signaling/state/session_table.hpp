// The memory engine's sessions: who they are, their mailbox, their receive, their lease. Rooms,
// matchmaking and presence build on it; MemoryState ties them together.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/base/deadline_queue.hpp"
#include "common/base/random.hpp"
#include "signaling/state/mailbox.hpp"
#include "signaling/state/state.hpp"

namespace icebreaker::signaling {

struct OpenReceive {
  ReceiveId id;
  ReceiveMode mode = ReceiveMode::Poll;
  Seq told = 0;  // a Stream's listener has got these, if not lost them
};

struct Session {
  SessionId id;
  PeerId peer;
  std::string user;
  std::string grants;
  Epoch epoch = 0;
  Mailbox mailbox;
  SendNo received = 0;
  std::optional<OpenReceive> receive;
  std::uint64_t receives = 0;  // counts them: the newest ReceiveId
  MonoTime receive_ended;      // meaningful without a receive
  MonoTime lease_from;         // the last receive's end or the last POST after it
  MonoTime ice_given;
  Presence presence = Presence::Here;
  std::optional<Membership> membership;
  std::optional<std::string> queue;  // waiting in it
  std::set<std::string> watching;
};

class SessionTable {
 public:
  SessionTable(const StateConfig& config, RandomSource& random)
      : config_{config}, random_{random} {}

  // With the peer id of a resume token, whose lookup by peer it takes over, or a fresh one.
  Session& add(Now now, const OpenRequest& request);
  // Frees the record; with a tombstone it answers SessionLost for a while.
  enum class Trace : std::uint8_t { None, Tombstone };
  void remove(Now now, Session& session, Trace trace);

  Session* find(const SessionId& id);
  Session* find_peer(const PeerId& peer);
  // Why a session cannot be used, when it cannot.
  std::expected<Session*, StateError> look_up(const SessionId& id, Epoch epoch);

  // Server's own message. A mailbox that overflows even so ends its session: see take_overflowed.
  void notify(Session& session, const ServerMessage& message);
  void notify(Session& session, Frame frame);
  // A peer's message: false when the mailbox is full.
  bool deliver(Session& session, std::string frame);

  // Sessions whose receive has news, each once, and those that cannot take what they must be told.
  std::vector<SessionId> take_woken() { return std::exchange(woken_, {}); }

  [[nodiscard]] bool has_overflowed() const { return !overflowed_.empty(); }

  std::vector<SessionId> take_overflowed() { return std::exchange(overflowed_, {}); }

  void open_receive(Session& session, ReceiveMode mode);
  void end_receive(Now now, Session& session);
  void renew_lease(Now now, Session& session);

  // The next step of an absent session: away first, then its end.
  std::optional<SessionId> pop_due(MonoTime now) { return absences_.pop_due(now); }

  // Sets the timer for what comes next after pop_due.
  void await_end(Session& session);
  [[nodiscard]] MonoTime end_of(const Session& session) const;
  void drop_tombstones(MonoTime now);

  [[nodiscard]] std::optional<MonoTime> next_deadline() const;
  // Of a room for sessions that were matched.
  std::string random_room();

  [[nodiscard]] std::size_t size() const { return by_id_.size(); }

  [[nodiscard]] std::size_t tombstones() const { return tombstones_.size(); }

 private:
  void push(Session& session, Frame frame);

  const StateConfig& config_;
  RandomSource& random_;
  std::unordered_map<SessionId, std::unique_ptr<Session>> by_id_;
  std::unordered_map<PeerId, Session*> by_peer_;
  DeadlineQueue<SessionId> absences_;
  DeadlineQueue<SessionId> tombstones_;
  std::vector<SessionId> woken_;
  std::vector<SessionId> overflowed_;
};

// Encodes and marks what needs a resume token.
Frame frame_of(const ServerMessage& message);
Standing standing_of(const Session& session);

}  // namespace icebreaker::signaling
