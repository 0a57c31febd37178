// The peers that may talk to an allocation: by IP address, for five minutes at a time.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "common/base/address.hpp"
#include "common/base/time.hpp"

namespace icebreaker::turn {

// RFC 8656 §9; only CreatePermission and ChannelBind refresh it, not data (§11.2, §12.6).
inline constexpr std::chrono::seconds kPermissionLifetime{300};

// A flat list: calls have a handful of peers, and the cap keeps the worst case short.
class Permissions {
 public:
  // How many entries `ips` (all different or not) would add.
  [[nodiscard]] std::size_t missing(std::span<const IpAddress> ips) const {
    std::size_t count = 0;
    for (std::size_t index = 0; index < ips.size(); ++index) {
      const auto before = ips.first(index);
      const bool repeated = std::ranges::find(before, ips[index]) != before.end();
      if (!repeated && find(ips[index]) == nullptr) ++count;
    }
    return count;
  }

  enum class Installed : std::uint8_t { New, Refreshed };

  Installed install(const IpAddress& ip, MonoTime now) {
    const MonoTime expires_at = now + kPermissionLifetime;
    if (Entry* entry = find(ip)) {
      entry->expires_at = expires_at;
      return Installed::Refreshed;
    }
    entries_.push_back({ip, expires_at});
    return Installed::New;
  }

  [[nodiscard]] bool allow(const IpAddress& ip, MonoTime now) const {
    const Entry* entry = find(ip);
    return entry != nullptr && entry->expires_at > now;
  }

  // Also one that has lapsed, until expire().
  [[nodiscard]] bool has(const IpAddress& ip) const { return find(ip) != nullptr; }

  // Calls `gone` with each address that is removed.
  template <class Callback>
  void expire(MonoTime now, Callback gone) {
    remove_entries_if([&](const Entry& entry) { return entry.expires_at <= now; }, gone);
  }

  // By address.
  template <class Predicate, class Callback>
  void remove_if(Predicate unwanted, Callback gone) {
    remove_entries_if([&](const Entry& entry) { return unwanted(entry.ip); }, gone);
  }

  [[nodiscard]] std::optional<MonoTime> next_expiry() const {
    if (entries_.empty()) return std::nullopt;
    return std::ranges::min(entries_, {}, &Entry::expires_at).expires_at;
  }

  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    IpAddress ip;
    MonoTime expires_at;
  };

  template <class Predicate, class Callback>
  void remove_entries_if(Predicate unwanted, Callback gone) {
    std::erase_if(entries_, [&](const Entry& entry) {
      if (!unwanted(entry)) return false;
      gone(entry.ip);
      return true;
    });
  }

  [[nodiscard]] const Entry* find(const IpAddress& ip) const {
    const auto found = std::ranges::find(entries_, ip, &Entry::ip);
    return found == entries_.end() ? nullptr : &*found;
  }

  Entry* find(const IpAddress& ip) {
    const auto found = std::ranges::find(entries_, ip, &Entry::ip);
    return found == entries_.end() ? nullptr : &*found;
  }

  std::vector<Entry> entries_;
};

}  // namespace icebreaker::turn
