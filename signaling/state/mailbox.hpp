// The numbered messages to one session that it has not acknowledged, bounded in count and bytes.
#pragma once

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

  // Room for a peer's message. What is held back for later (Negotiation) counts as in it.
  [[nodiscard]] bool takes_signal(std::size_t bytes) const { return fits(bytes, 1); }

  // Room for the server's own messages: twice as much, so that a peer who fills the mailbox cannot
  // keep the owner from learning what became of the room.
  [[nodiscard]] bool takes_notice(std::size_t bytes) const { return fits(bytes, 2); }

  // Room for several small answers to one request, without using what notices may use beyond.
  [[nodiscard]] bool takes_answers(std::size_t count) const {
    return frames_.size() + held_ + count <= bounds_.messages;
  }

  void push(Frame frame) {
    bytes_ += frame.text.size();
    frames_.push_back(std::move(frame));
  }

  void hold(std::size_t bytes) {
    ++held_;
    held_bytes_ += bytes;
  }

  void release(std::size_t bytes) {
    --held_;
    held_bytes_ -= bytes;
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
  [[nodiscard]] bool fits(std::size_t bytes, std::size_t times) const {
    return frames_.size() + held_ < times * bounds_.messages &&
           bytes_ + held_bytes_ + bytes <= times * bounds_.bytes;
  }

  Bounds bounds_;
  std::vector<Frame> frames_;
  Seq acked_ = 0;
  std::size_t bytes_ = 0;
  std::size_t held_ = 0;
  std::size_t held_bytes_ = 0;
};

}  // namespace icebreaker::signaling
