// Cuts a TCP or TLS stream into STUN messages and ChannelData (RFC 8489 §6.2.2, RFC 8656 §12.5). No
// I/O: the owner of the connection appends what it received and takes frames until none is left.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <vector>

#include "common/base/bytes.hpp"
#include "common/stun/channel_data.hpp"

namespace icebreaker::stun {

struct Frame {
  FrameKind kind{};  // Stun or ChannelData
  ByteView bytes;    // the whole message, with ChannelData's padding; valid until the next call
};

enum class NoFrame : std::uint8_t {
  NeedMoreBytes,  // append() what comes next
  NotAFrame,      // neither STUN nor ChannelData: the stream is out of step, close it
  TooLong,        // more than any UDP datagram carries, or than is wanted: close the connection
};

class StreamFramer {
 public:
  // The longest message (header and all) is what 16 bits can count: past it, 16-bit arithmetic on
  // lengths wraps and frames fall out of step (coturn CVE-2026-68552).
  static constexpr std::size_t kMaxFrameBytes = 65'535;

  // Longer frames are TooLong: one that waits for its end costs its whole length.
  explicit StreamFramer(std::size_t max_frame_bytes = kMaxFrameBytes)
      : max_frame_bytes_{max_frame_bytes} {}

  // Keeps a copy, but nothing once next() has said NotAFrame or TooLong.
  void append(ByteView received);

  // Memory stays bounded when it is called until NeedMoreBytes after each append(). NotAFrame and
  // TooLong are final.
  std::expected<Frame, NoFrame> next();

  // From the next frame on.
  void set_max_frame_bytes(std::size_t max_frame_bytes) { max_frame_bytes_ = max_frame_bytes; }

  [[nodiscard]] std::size_t buffered_bytes() const { return buffer_.size() - taken_bytes_; }

 private:
  std::unexpected<NoFrame> fail(NoFrame reason);
  void drop_taken_bytes();

  std::size_t max_frame_bytes_;
  std::vector<std::byte> buffer_;
  std::size_t taken_bytes_ = 0;
  NoFrame state_ = NoFrame::NeedMoreBytes;
};

}  // namespace icebreaker::stun
