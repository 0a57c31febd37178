#include "signaling/state/negotiation.hpp"

#include <utility>

namespace icebreaker::signaling {
namespace {

std::size_t index(Negotiation::Direction direction) {
  return static_cast<std::size_t>(direction);
}

}  // namespace

Negotiation::Verdict Negotiation::judge(Direction direction, SignalKind kind,
                                        GenerationNo gen) const {
  if (current_ && gen < *current_) return Verdict::Stale;
  if (kind != SignalKind::Candidate) return Verdict::Pass;
  return ways_.at(index(direction)).described == gen ? Verdict::Pass : Verdict::Hold;
}

Negotiation::Freed Negotiation::describe(Direction direction, GenerationNo gen) {
  current_ = gen;
  ways_.at(index(direction)).described = gen;
  Freed freed;
  for (std::size_t way = 0; way < ways_.size(); ++way) {
    auto& [described, held, held_bytes] = ways_.at(way);
    for (Held& each : std::exchange(held, {})) {
      const bool is_freed = each.gen == gen && way == index(direction);
      if (each.gen > gen || (each.gen == gen && !is_freed)) {
        held.push_back(std::move(each));
        continue;
      }
      held_bytes -= each.frame.size();
      if (is_freed) {
        freed.to_deliver.push_back(std::move(each));
      } else {
        ++freed.dropped;
      }
    }
  }
  return freed;
}

Mailbox::Bounds Negotiation::freed_by(Direction direction, GenerationNo gen) const {
  Mailbox::Bounds freed;
  for (const Held& each : ways_.at(index(direction)).held) {
    if (each.gen != gen) continue;
    ++freed.messages;
    freed.bytes += each.frame.size();
  }
  return freed;
}

std::uint32_t Negotiation::hold(Direction direction, Held held, Mailbox::Bounds most) {
  Way& way = ways_.at(index(direction));
  way.held_bytes += held.frame.size();
  way.held.push_back(std::move(held));
  std::uint32_t dropped = 0;
  for (; way.held.size() > most.messages || way.held_bytes > most.bytes; ++dropped) {
    way.held_bytes -= way.held.front().frame.size();
    way.held.pop_front();
  }
  return dropped;
}

}  // namespace icebreaker::signaling
