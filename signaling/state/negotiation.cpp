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
    std::vector<Held> kept;
    for (Held& each : ways_.at(way).held) {
      if (each.gen < gen) {
        freed.to_drop.at(way).push_back(std::move(each));
      } else if (each.gen == gen && way == index(direction)) {
        freed.to_deliver.push_back(std::move(each));
      } else {
        kept.push_back(std::move(each));
      }
    }
    ways_.at(way).held = std::move(kept);
  }
  return freed;
}

void Negotiation::hold(Direction direction, Held held) {
  ways_.at(index(direction)).held.push_back(std::move(held));
}

std::vector<Negotiation::Held> Negotiation::take_held(Direction direction) {
  return std::exchange(ways_.at(index(direction)).held, {});
}

}  // namespace icebreaker::signaling
