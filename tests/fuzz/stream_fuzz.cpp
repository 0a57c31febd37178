#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "common/base/bytes.hpp"
#include "common/base/check.hpp"
#include "common/stun/stream_framer.hpp"

namespace icebreaker::stun {
namespace {

// Every byte that was framed, then how it ended.
struct Outcome {
  std::vector<std::vector<std::byte>> frames;
  NoFrame end = NoFrame::NeedMoreBytes;
  bool operator==(const Outcome&) const = default;
};

Outcome cut(ByteView stream, std::size_t piece_bytes) {
  StreamFramer framer;
  Outcome outcome;
  while (!stream.empty() && outcome.end == NoFrame::NeedMoreBytes) {
    const ByteView piece = stream.first(std::min(piece_bytes, stream.size()));
    stream = stream.subspan(piece.size());
    framer.append(piece);
    auto frame = framer.next();
    for (; frame; frame = framer.next()) {
      ICEBREAKER_CHECK(frame->bytes.size() <= StreamFramer::kMaxFrameBytes);
      outcome.frames.emplace_back(frame->bytes.begin(), frame->bytes.end());
    }
    outcome.end = frame.error();
    ICEBREAKER_CHECK(framer.buffered_bytes() <= StreamFramer::kMaxFrameBytes + piece_bytes);
  }
  return outcome;
}

}  // namespace
}  // namespace icebreaker::stun

// How the network cuts a stream must not change what comes out of it.
// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it by this name.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using icebreaker::stun::cut;
  if (size < 2) return 0;
  const auto stream = std::as_bytes(std::span{data, size}).subspan(1);
  ICEBREAKER_CHECK(cut(stream, stream.size()) == cut(stream, 1 + data[0]));
  return 0;
}
