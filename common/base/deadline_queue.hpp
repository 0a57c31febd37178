// One ordered queue for every lifetime of a core: set or move a key's deadline, pop what is due.
#pragma once

#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include "common/base/time.hpp"

namespace icebreaker {

// Key needs std::hash and operator<; keys with equal deadlines come out in key order.
template <class Key>
class DeadlineQueue {
 public:
  void set(const Key& key, MonoTime at) {
    const auto [entry, added] = by_key_.try_emplace(key, at);
    if (!added) {
      order_.erase({entry->second, key});
      entry->second = at;
    }
    order_.insert({at, key});
  }

  void erase(const Key& key) {
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) return;
    order_.erase({found->second, key});
    by_key_.erase(found);
  }

  [[nodiscard]] std::optional<MonoTime> deadline_of(const Key& key) const {
    const auto found = by_key_.find(key);
    return found == by_key_.end() ? std::nullopt : std::optional{found->second};
  }

  [[nodiscard]] std::optional<MonoTime> next() const {
    return order_.empty() ? std::nullopt : std::optional{order_.begin()->first};
  }

  // The earliest key whose deadline is at or before now, removed from the queue.
  std::optional<Key> pop_due(MonoTime now) {
    if (order_.empty() || order_.begin()->first > now) return std::nullopt;
    Key key = order_.begin()->second;
    erase(key);
    return key;
  }

  [[nodiscard]] std::size_t size() const { return by_key_.size(); }

 private:
  std::unordered_map<Key, MonoTime> by_key_;
  std::set<std::pair<MonoTime, Key>> order_;
};

}  // namespace icebreaker
