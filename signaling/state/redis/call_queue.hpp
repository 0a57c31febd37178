// The calls of the engine that wait for their answers, completed strictly in their order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "common/base/strong_id.hpp"
#include "common/base/time.hpp"
#include "signaling/state/redis/link.hpp"

namespace icebreaker::signaling {

using CallId = StrongId<struct CallTag, std::uint64_t>;

class CallQueue {
 public:
  struct Call {
    Script script = Script::Probe;
    std::vector<std::string> arguments{};  // kept until the answer, for another try
    MonoTime since{};
    bool tried_again = false;
  };

  // Nothing while too many calls or bytes wait: then it completes as Unavailable, in its turn.
  std::optional<CallId> add(Call call, RedisLink::Done done);
  // Completes as Unavailable, in its turn.
  void add_refused(RedisLink::Done done);

  // Of a call that is not settled.
  Call& at(CallId id) { return entry(id).call; }

  void settle(CallId id, std::expected<RedisReply, StateError> result);
  void settle_all_unavailable();

  // Completes the settled calls at the front that were there before; the callbacks may add more.
  void complete(Now now);

  // Some call can be completed.
  [[nodiscard]] bool due() const { return !entries_.empty() && entries_.front().result; }

  [[nodiscard]] std::size_t unsettled() const { return unsettled_; }

 private:
  struct Entry {
    Call call;
    RedisLink::Done done;
    std::optional<std::expected<RedisReply, StateError>> result;
  };

  Entry& entry(CallId id) { return entries_.at(id.value - first_); }

  void settle_entry(Entry& entry, std::expected<RedisReply, StateError> result);

  std::deque<Entry> entries_;
  std::uint64_t first_ = 0;  // id of the front
  std::size_t unsettled_ = 0;
  std::size_t bytes_ = 0;  // of the arguments of unsettled calls
};

}  // namespace icebreaker::signaling
