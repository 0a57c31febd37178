// `gen` between two peers of a room: drops what an older negotiation left behind and holds
// candidates until the description of their generation has passed in the same direction.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "common/signaling/messages.hpp"
#include "signaling/state/mailbox.hpp"

namespace icebreaker::signaling {

// How many messages were dropped on the way of one.
struct Dropped {
  std::uint32_t stale = 0;        // of older generations
  std::uint32_t crowded_out = 0;  // held candidates, for newer ones
};

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
    std::vector<Held> to_deliver;  // in this direction, in order
    std::uint32_t dropped = 0;     // in both: older than the new generation
  };

  Freed describe(Direction direction, GenerationNo gen);
  // Of what would be delivered.
  [[nodiscard]] Mailbox::Bounds freed_by(Direction direction, GenerationNo gen) const;
  // Drops the oldest held before it holds more than that; returns how many.
  std::uint32_t hold(Direction direction, Held held, Mailbox::Bounds most);

 private:
  struct Way {
    std::optional<GenerationNo> described;
    std::deque<Held> held;
    std::size_t held_bytes = 0;
  };

  std::array<Way, 2> ways_;
  std::optional<GenerationNo> current_;  // the highest that a description had, either way
};

}  // namespace icebreaker::signaling
