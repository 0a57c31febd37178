#include "signaling/state/redis/call_queue.hpp"

#include <numeric>
#include <utility>

namespace icebreaker::signaling {
namespace {

// A Redis that hangs is noticed after 3 s; this is what may gather until then.
constexpr std::size_t kMaxCalls = 20'000;
constexpr std::size_t kMaxBytes = std::size_t{64} << 20U;

std::size_t bytes_of(const std::vector<std::string>& arguments) {
  return std::accumulate(
      arguments.begin(), arguments.end(), std::size_t{0},
      [](std::size_t sum, const std::string& each) { return sum + each.size(); });
}

}  // namespace

std::optional<CallId> CallQueue::add(Call call, RedisLink::Done done) {
  const std::size_t bytes = bytes_of(call.arguments);
  if (unsettled_ >= kMaxCalls || bytes_ + bytes > kMaxBytes) {
    add_refused(std::move(done));
    return {};
  }
  bytes_ += bytes;
  ++unsettled_;
  entries_.push_back({.call = std::move(call), .done = std::move(done), .result = {}});
  return CallId{first_ + entries_.size() - 1};
}

void CallQueue::add_refused(RedisLink::Done done) {
  entries_.push_back(
      {.call = {}, .done = std::move(done), .result = std::unexpected(StateError::Unavailable)});
}

void CallQueue::settle(CallId id, std::expected<RedisReply, StateError> result) {
  settle_entry(entry(id), std::move(result));
}

void CallQueue::settle_entry(Entry& entry, std::expected<RedisReply, StateError> result) {
  bytes_ -= bytes_of(entry.call.arguments);
  --unsettled_;
  entry.call.arguments.clear();
  entry.result = std::move(result);
}

void CallQueue::settle_all_unavailable() {
  for (Entry& each : entries_) {
    if (!each.result) settle_entry(each, std::unexpected(StateError::Unavailable));
  }
}

void CallQueue::complete(Now now) {
  for (std::size_t left = entries_.size(); left > 0 && due(); --left) {
    Entry finished = std::move(entries_.front());
    entries_.pop_front();
    ++first_;
    finished.done(now, *std::move(finished.result));
  }
}

}  // namespace icebreaker::signaling
