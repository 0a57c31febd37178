#include "signaling/state/presence_book.hpp"

#include <utility>

namespace icebreaker::signaling {
namespace {

constexpr std::size_t kMaxWatched = 1024;  // users per session

}  // namespace

void PresenceBook::enter(const std::string& user) {
  if (user.empty()) return;
  User& entry = users_[user];
  if (++entry.sessions == 1) tell(user, entry);
}

void PresenceBook::exit(const std::string& user) {
  if (user.empty()) return;
  User& entry = users_.at(user);
  if (--entry.sessions == 0) tell(user, entry);
  drop_if_unused(user);
}

std::expected<void, ErrorCode> PresenceBook::watch(Session& session,
                                                   const std::vector<std::string>& users) {
  if (!session.mailbox.takes_answers(users.size())) return std::unexpected(ErrorCode::MailboxFull);
  std::set<std::string> watching = session.watching;
  watching.insert(users.begin(), users.end());
  if (watching.size() > kMaxWatched) return std::unexpected(ErrorCode::TooLarge);
  for (const std::string& name : users) {
    User& user = users_[name];
    user.watchers.insert(session.id);
    session.watching.insert(name);
    sessions_.notify(session, server::UserPresence{name, user.sessions > 0});
  }
  return {};
}

void PresenceBook::unwatch(Session& session, const std::vector<std::string>& users) {
  for (const std::string& name : users) {
    if (session.watching.erase(name) == 0) continue;
    users_.at(name).watchers.erase(session.id);
    drop_if_unused(name);
  }
}

void PresenceBook::forget(Session& session) {
  const std::set<std::string> watching = std::exchange(session.watching, {});
  for (const std::string& name : watching) {
    users_.at(name).watchers.erase(session.id);
    drop_if_unused(name);
  }
}

void PresenceBook::tell(const std::string& name, const User& user) {
  for (const SessionId& watcher : user.watchers) {
    Session* session = sessions_.find(watcher);
    if (session != nullptr) {
      sessions_.notify(*session, server::UserPresence{name, user.sessions > 0});
    }
  }
}

void PresenceBook::drop_if_unused(const std::string& name) {
  const auto found = users_.find(name);
  if (found->second.sessions == 0 && found->second.watchers.empty()) users_.erase(found);
}

}  // namespace icebreaker::signaling
