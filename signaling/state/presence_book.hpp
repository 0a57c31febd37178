// The memory engine's presence: which users have a session, and who watches them.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "signaling/state/session_table.hpp"

namespace icebreaker::signaling {

class PresenceBook {
 public:
  explicit PresenceBook(SessionTable& sessions) : sessions_{sessions} {}

  // A session of that user came or ended; watchers are told of the first and the last.
  void enter(const std::string& user);
  void exit(const std::string& user);

  // Answers one presence per user.
  std::expected<void, ErrorCode> watch(Session& session, const std::vector<std::string>& users);
  void unwatch(Session& session, const std::vector<std::string>& users);
  void forget(Session& session);

  [[nodiscard]] std::size_t size() const { return users_.size(); }

 private:
  struct User {
    std::size_t sessions = 0;
    std::set<SessionId> watchers;
  };

  void tell(const std::string& name, const User& user);
  void drop_if_unused(const std::string& name);

  SessionTable& sessions_;
  std::unordered_map<std::string, User> users_;
};

}  // namespace icebreaker::signaling
