// The channels of an allocation: a number for each peer address, for ten minutes at a time.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "common/base/address.hpp"
#include "common/base/time.hpp"
#include "common/stun/channel_number.hpp"

namespace icebreaker::turn {

// RFC 8656 §12; only another ChannelBind refreshes it, not data (§12.6).
inline constexpr std::chrono::seconds kChannelLifetime{600};

enum class ChannelCheck : std::uint8_t { New, Refresh, Conflict };

struct Channel {
  stun::ChannelNumber number;
  PeerAddress peer;
  MonoTime expires_at;
};

class Channels {
 public:
  // RFC 8656 §12.2: neither the number nor the peer may be bound to another one.
  [[nodiscard]] ChannelCheck check(stun::ChannelNumber number, const PeerAddress& peer,
                                   MonoTime now) const {
    const Channel* by_number = find(number, now);
    const Channel* by_peer = find(peer, now);
    if (by_number != by_peer) return ChannelCheck::Conflict;
    return by_number == nullptr ? ChannelCheck::New : ChannelCheck::Refresh;
  }

  // After check(): New or Refresh.
  const Channel& bind(stun::ChannelNumber number, const PeerAddress& peer, MonoTime now) {
    std::erase_if(channels_,
                  [&](const Channel& each) { return each.number == number || each.peer == peer; });
    return channels_.emplace_back(Channel{number, peer, now + kChannelLifetime});
  }

  [[nodiscard]] const Channel* find(stun::ChannelNumber number, MonoTime now) const {
    const auto found = std::ranges::find_if(channels_, [&](const Channel& each) {
      return each.number == number && each.expires_at > now;
    });
    return found == channels_.end() ? nullptr : &*found;
  }

  [[nodiscard]] const Channel* find(const PeerAddress& peer, MonoTime now) const {
    const auto found = std::ranges::find_if(
        channels_, [&](const Channel& each) { return each.peer == peer && each.expires_at > now; });
    return found == channels_.end() ? nullptr : &*found;
  }

  template <class Callback>
  void for_each_at(const IpAddress& ip, Callback callback) const {
    for (const Channel& each : channels_) {
      if (each.peer.value.ip == ip) callback(each);
    }
  }

  // Calls `gone` with each channel that is removed.
  template <class Callback>
  void expire(MonoTime now, Callback gone) {
    remove_if([&](const Channel& each) { return each.expires_at <= now; }, gone);
  }

  template <class Callback>
  void for_each(Callback callback) const {
    std::ranges::for_each(channels_, callback);
  }

  template <class Predicate, class Callback>
  void remove_if(Predicate unwanted, Callback gone) {
    std::erase_if(channels_, [&](const Channel& each) {
      if (!unwanted(each)) return false;
      gone(each);
      return true;
    });
  }

  // Their relay is closed.
  void erase_family(Family family) {
    std::erase_if(channels_,
                  [&](const Channel& each) { return each.peer.value.ip.family() == family; });
  }

  [[nodiscard]] std::optional<MonoTime> next_expiry() const {
    if (channels_.empty()) return std::nullopt;
    return std::ranges::min(channels_, {}, &Channel::expires_at).expires_at;
  }

  [[nodiscard]] std::size_t size() const { return channels_.size(); }

 private:
  std::vector<Channel> channels_;
};

}  // namespace icebreaker::turn
