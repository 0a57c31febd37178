// The numbered messages to one session that it has not acknowledged, bounded in count and bytes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "signaling/state/state.hpp"

namespace icebreaker::signaling {

class Mailbox {
 public:
  struct Bounds {
    std::size_t messages = 0;
    std::size_t bytes = 0;
  };

  explicit Mailbox(Bounds bounds) : bounds_{bounds} {}

  [[nodiscard]] Seq acked() const { return acked_; }

  [[nodiscard]] Seq last() const { return acked_ + frames_.size(); }

  // Room for a peer's message, and for that many more.
  [[nodiscard]] bool takes_signal(std::size_t bytes, std::size_t more = 0) const {
    return fits(bytes, 1, more);
  }

  // For what is held back of one peer (Negotiation), outside of this: a part of it, so that what
  // a description sets free fits.
  [[nodiscard]] Bounds held_bounds() const {
    constexpr std::size_t kMostHeld = 64;
    return {std::clamp<std::size_t>(bounds_.messages / 4, 1, kMostHeld), bounds_.bytes / 4};
  }

  // Room for the server's own messages: twice as much, so that a peer who fills the mailbox cannot
  // keep the owner from learning what became of the room.
  [[nodiscard]] bool takes_notice(std::size_t bytes) const { return fits(bytes, 2); }

  // Room for several small answers to one request, without using what notices may use beyond.
  [[nodiscard]] bool takes_answers(std::size_t count) const {
    return frames_.size() + count <= bounds_.messages;
  }

  void push(Frame frame) {
    bytes_ += frame.text.size();
    frames_.push_back(std::move(frame));
  }

  // False, and nothing done, when that number was never given out. An older one is no news.
  bool acknowledge(Seq seq) {
    if (seq > last()) return false;
    if (seq <= acked_) return true;
    const auto end = frames_.begin() + static_cast<std::ptrdiff_t>(seq - acked_);
    for (auto each = frames_.begin(); each != end; ++each) bytes_ -= each->text.size();
    frames_.erase(frames_.begin(), end);
    if (frames_.empty()) frames_ = {};  // most mailboxes are idle
    acked_ = seq;
    return true;
  }

  // From after + 1, at the earliest from acked() + 1.
  [[nodiscard]] std::vector<Frame> frames_after(Seq after) const {
    const Seq skipped = after > acked_ ? after - acked_ : 0;
    if (skipped >= frames_.size()) return {};
    return {frames_.begin() + static_cast<std::ptrdiff_t>(skipped), frames_.end()};
  }

 private:
  [[nodiscard]] bool fits(std::size_t bytes, std::size_t times, std::size_t more = 0) const {
    return frames_.size() + more < times * bounds_.messages &&
           bytes_ + bytes <= times * bounds_.bytes;
  }

  Bounds bounds_;
  std::vector<Frame> frames_;
  Seq acked_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace icebreaker::signaling
