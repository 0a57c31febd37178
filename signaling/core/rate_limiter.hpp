// What the hub limits, per address prefix (/32, /64) and per user or session. Opening, joining and
// matching are limited over all instances by the state engine; messages by each instance, and with
// the messages of an address all that makes the state engine work: hellos, polls, closes.
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

enum class Limited : std::uint8_t { Open, Join, Match, Message, Request };
inline constexpr std::array<std::string_view, 5> kLimited{"open", "join", "match", "message",
                                                          "request"};

// Whom to charge, as far as known.
struct RateHolder {
  std::optional<IpAddress> address;
  std::string_view user;  // empty: nobody that a token vouches for
};

// For State::charge; empty when the rate has no limit.
std::vector<RateCharge> charges_of(Limited what, std::uint32_t events, const GcraRate& rate,
                                   const RateHolder& holder);

// Many callers share an address (an office, a mobile network), so it has a rate of its own.
struct MessageRates {
  GcraRate sender;
  GcraRate address;
};

struct MessageSource {
  std::optional<IpAddress> address;
  std::string sender;  // a user or a session; empty: not known yet, or none
};

class MessageLimiter {
 public:
  explicit MessageLimiter(MessageRates rates) : rates_{rates} {}

  void set_rates(MessageRates rates) { rates_ = rates; }

  // Nothing when that many messages may come now; else when to try again. All or nothing.
  std::optional<std::chrono::milliseconds> refuse(Now now, const MessageSource& source,
                                                  std::uint32_t events = 1);

  void forget_idle(MonoTime now) { debts_.forget_idle(now); }

  [[nodiscard]] std::size_t size() const { return debts_.size(); }

 private:
  MessageRates rates_;
  GcraTable<std::variant<IpAddress, std::string>> debts_;
};

}  // namespace icebreaker::signaling
