// The ancillary data of a datagram: what recvmsg tells of it, and what sendmsg shall do with it.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>

#include <netinet/in.h>
#include <sys/socket.h>

#include "common/base/check.hpp"

namespace icebreaker::net {

// Room for a local address, a segment size, a count of drops and some more.
struct alignas(cmsghdr) ControlBuffer {
  static constexpr std::size_t kBytes =
      CMSG_SPACE(sizeof(in6_pktinfo)) + 6 * CMSG_SPACE(sizeof(int));
  std::array<std::byte, kBytes> bytes;
};

// Appends control messages to `header`, in `buffer`.
class ControlWriter {
 public:
  ControlWriter(msghdr& header, ControlBuffer& buffer) : header_{header}, buffer_{buffer} {}

  template <class Value>
  void put(int level, int type, const Value& value) {
    constexpr std::size_t kSpace = CMSG_SPACE(sizeof value);
    ICEBREAKER_CHECK(used_ + kSpace <= buffer_.bytes.size());
    const cmsghdr control{
        .cmsg_len = CMSG_LEN(sizeof value), .cmsg_level = level, .cmsg_type = type};
    std::byte* at = &buffer_.bytes.at(used_);
    std::memcpy(at, &control, sizeof control);
    std::memcpy(at + CMSG_LEN(0), &value, sizeof value);
    used_ += kSpace;
    header_.msg_control = buffer_.bytes.data();
    header_.msg_controllen = used_;
  }

 private:
  msghdr& header_;
  ControlBuffer& buffer_;
  std::size_t used_ = 0;
};

template <class Value>
Value control_value(const cmsghdr& control) {
  Value value{};
  std::memcpy(&value, CMSG_DATA(&control), sizeof value);
  return value;
}

}  // namespace icebreaker::net
