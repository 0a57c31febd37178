// `gen` between two peers of a room: drops what an older negotiation left behind and holds
// candidates until the description of their generation has passed in the same direction.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/signaling/messages.hpp"

namespace icebreaker::signaling {

class Negotiation {
 public:
  // From the peer with the smaller id to the other one, or back.
  enum class Direction : std::uint8_t { Up, Down };

  struct Held {
    GenerationNo gen = 0;
    std::string frame;
  };

  // What to do with a message that has a generation.
  enum class Verdict : std::uint8_t { Pass, Hold, Stale };

  [[nodiscard]] Verdict judge(Direction direction, SignalKind kind, GenerationNo gen) const;

  // What a passed description sets free, by direction of travel.
  struct Freed {
    std::vector<Held> to_deliver;              // in this direction, in order
    std::array<std::vector<Held>, 2> to_drop;  // by Direction: older than the new generation
  };

  Freed describe(Direction direction, GenerationNo gen);
  void hold(Direction direction, Held held);
  // Everything held in one direction: the pair is over.
  std::vector<Held> take_held(Direction direction);

 private:
  struct Way {
    std::optional<GenerationNo> described;
    std::vector<Held> held;
  };

  std::array<Way, 2> ways_;
  std::optional<GenerationNo> current_;  // the highest that a description had, either way
};

}  // namespace icebreaker::signaling
