// Room for bytes that must outlive their maker until the next flush of a DatagramIo.
#pragma once

#include <cstddef>
#include <cstring>
#include <vector>

#include "common/base/bytes.hpp"
#include "common/net/datagram_io.hpp"

namespace icebreaker::turn {

class SendArena {
 public:
  explicit SendArena(net::DatagramIo& io) : io_{io}, buffer_(kBytes) {}

  // A copy of `bytes` and `zeros` zero bytes, valid until the next flush; flushes when full.
  ByteView keep(ByteView bytes, std::size_t zeros = 0) {
    const std::size_t size = bytes.size() + zeros;
    if (size > buffer_.size() - used_) flush();
    const MutableByteView kept = MutableByteView{buffer_}.subspan(used_, size);
    std::memcpy(kept.data(), bytes.data(), bytes.size());
    std::memset(kept.data() + bytes.size(), 0, zeros);
    used_ += size;
    return kept;
  }

  void flush() {
    io_.flush();
    used_ = 0;
  }

 private:
  // Several of the largest datagrams.
  static constexpr std::size_t kBytes = std::size_t{256} * 1024;

  net::DatagramIo& io_;
  std::vector<std::byte> buffer_;
  std::size_t used_ = 0;
};

}  // namespace icebreaker::turn
