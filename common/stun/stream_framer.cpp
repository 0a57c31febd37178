#include "common/stun/stream_framer.hpp"

#include "common/stun/message.hpp"

namespace icebreaker::stun {
namespace {

constexpr std::size_t kPrefixBytes = 4;  // type or channel number, then length
constexpr std::size_t kCookieEnd = 8;
constexpr std::size_t kIdleCapacityBytes = 4096;

// Of ChannelData, so that 16 bits count every frame whatever its kind.
constexpr std::size_t kMaxLength = StreamFramer::kMaxFrameBytes - kHeaderBytes;

std::expected<std::size_t, NoFrame> stun_frame_bytes(ByteView bytes, std::size_t length) {
  if (length % 4 != 0) return std::unexpected(NoFrame::NotAFrame);
  if (bytes.size() < kCookieEnd) return std::unexpected(NoFrame::NeedMoreBytes);
  if (ByteReader{bytes.subspan(kPrefixBytes)}.u32() != kMagicCookie) {
    return std::unexpected(NoFrame::NotAFrame);
  }
  return kHeaderBytes + length;
}

// The size of the frame that starts here, as soon as that can be said.
std::expected<std::size_t, NoFrame> frame_bytes(ByteView bytes) {
  if (bytes.empty()) return std::unexpected(NoFrame::NeedMoreBytes);
  const FrameKind kind = frame_kind(bytes);
  if (kind == FrameKind::Other) return std::unexpected(NoFrame::NotAFrame);
  if (bytes.size() < kPrefixBytes) return std::unexpected(NoFrame::NeedMoreBytes);
  const std::size_t length = ByteReader{bytes.subspan(2)}.u16();
  if (length > kMaxLength) return std::unexpected(NoFrame::TooLong);
  if (kind == FrameKind::Stun) return stun_frame_bytes(bytes, length);
  return kChannelDataHeaderBytes + length + stream_padding_bytes(length);
}

}  // namespace

void StreamFramer::append(ByteView received) {
  if (state_ != NoFrame::NeedMoreBytes) return;
  drop_taken_bytes();
  buffer_.insert(buffer_.end(), received.begin(), received.end());
}

std::expected<Frame, NoFrame> StreamFramer::next() {
  if (state_ != NoFrame::NeedMoreBytes) return std::unexpected(state_);
  const ByteView rest = ByteView{buffer_}.subspan(taken_bytes_);
  const auto size = frame_bytes(rest);
  if (!size) return fail(size.error());
  if (*size > max_frame_bytes_) return fail(NoFrame::TooLong);
  if (rest.size() < *size) return fail(NoFrame::NeedMoreBytes);
  taken_bytes_ += *size;
  return Frame{frame_kind(rest), rest.first(*size)};
}

std::unexpected<NoFrame> StreamFramer::fail(NoFrame reason) {
  state_ = reason;
  if (reason == NoFrame::NeedMoreBytes) {
    drop_taken_bytes();
  } else {
    buffer_ = {};
    taken_bytes_ = 0;
  }
  return std::unexpected(reason);
}

void StreamFramer::drop_taken_bytes() {
  const auto rest = buffer_.begin() + static_cast<std::ptrdiff_t>(taken_bytes_);
  // Many messages at once, or a long one, must not cost the connection 64 KiB for the rest of its
  // life, nor while the next message is half here.
  const bool has_room_to_give_back =
      buffer_.capacity() > kIdleCapacityBytes && buffered_bytes() <= kIdleCapacityBytes;
  if (has_room_to_give_back) {
    buffer_ = std::vector<std::byte>(rest, buffer_.end());
  } else {
    buffer_.erase(buffer_.begin(), rest);
  }
  taken_bytes_ = 0;
}

}  // namespace icebreaker::stun
