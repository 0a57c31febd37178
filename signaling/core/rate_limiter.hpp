// What the hub limits, per address prefix (/32, /64) and per user or session. Opening, joining and
// matching are limited over all instances by the state engine; messages by each instance.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/base/address.hpp"
#include "common/base/gcra.hpp"
#include "common/base/time.hpp"
#include "signaling/state/state.hpp"

namespace icebreaker::signaling {

enum class Limited : std::uint8_t { Open, Join, Match, Message };
inline constexpr std::array<std::string_view, 4> kLimited{"open", "join", "match", "message"};

// Whom to charge, as far as known.
struct RateHolder {
  std::optional<IpAddress> address;
  std::string_view user;  // empty: nobody that a token vouches for
};

// For State::charge; empty when the rate has no limit.
std::vector<RateCharge> charges_of(Limited what, std::uint32_t events, const GcraRate& rate,
                                   const RateHolder& holder);

class MessageLimiter {
 public:
  explicit MessageLimiter(GcraRate rate) : rate_{rate} {}

  void set_rate(GcraRate rate) { rate_ = rate; }

  // Nothing when that many messages may come now; else when to try again. `sender` is a user or a
  // session.
  std::optional<std::chrono::milliseconds> refuse(Now now, const IpAddress& address,
                                                  std::string_view sender,
                                                  std::uint32_t events = 1);

  void forget_idle(MonoTime now) { debts_.forget_idle(now); }

  [[nodiscard]] std::size_t size() const { return debts_.size(); }

 private:
  GcraRate rate_;
  GcraTable<std::variant<IpAddress, std::string>> debts_;
};

}  // namespace icebreaker::signaling
