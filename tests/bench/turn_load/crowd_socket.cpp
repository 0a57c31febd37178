#include "tests/bench/turn_load/crowd_socket.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include <netinet/udp.h>
#include <poll.h>
#include <sys/socket.h>

#include "common/base/check.hpp"
#include "common/net/open_socket.hpp"
#include "common/net/sockaddr.hpp"

namespace icebreaker::bench {
namespace {

constexpr std::size_t kSlotBytes = 65'536;
constexpr std::size_t kSocketBufferBytes = 32U << 20U;  // the generator shall not lose anything
constexpr int kRoomMs = 100;

struct ControlBuffer {
  alignas(cmsghdr)
      std::array<std::byte, CMSG_SPACE(sizeof(in_pktinfo)) + CMSG_SPACE(sizeof(int))> bytes;
};

std::error_code last_error() {
  return {errno, std::system_category()};
}

sockaddr_in sockaddr_of(Endpoint endpoint) {
  return {.sin_family = AF_INET,
          .sin_port = big_endian(endpoint.port),
          .sin_addr = {.s_addr = big_endian(endpoint.ip)},
          .sin_zero = {}};
}

template <class T>
void put(cmsghdr& control, int level, int type, const T& value) {
  control.cmsg_level = level;
  control.cmsg_type = type;
  control.cmsg_len = CMSG_LEN(sizeof value);
  std::memcpy(CMSG_DATA(&control), &value, sizeof value);
}

template <class T>
T value_of(const cmsghdr& control) {
  T value{};
  std::memcpy(&value, CMSG_DATA(&control), sizeof value);
  return value;
}

}  // namespace

struct CrowdSocket::Incoming {
  std::vector<std::byte> bytes = std::vector<std::byte>(kBatch * kSlotBytes);
  std::array<iovec, kBatch> vectors{};
  std::array<sockaddr_in, kBatch> from{};
  std::array<ControlBuffer, kBatch> control{};
  std::array<mmsghdr, kBatch> headers{};
  std::array<Message, kBatch> messages{};
  std::size_t used = kBatch;  // headers that the kernel has changed

  Incoming() {
    for (std::size_t i = 0; i < kBatch; ++i) {
      vectors[i] = {.iov_base = &bytes[i * kSlotBytes], .iov_len = kSlotBytes};
    }
  }

  void prepare() {
    for (std::size_t i = 0; i < used; ++i) {
      msghdr& header = headers[i].msg_hdr;
      header.msg_name = &from[i];
      header.msg_namelen = sizeof from[i];
      header.msg_iov = &vectors[i];
      header.msg_iovlen = 1;
      header.msg_control = control[i].bytes.data();
      header.msg_controllen = control[i].bytes.size();
    }
    used = 0;
  }

  void read(std::size_t i) {
    Message& message = messages[i];
    message.from = {big_endian(from[i].sin_addr.s_addr), big_endian(from[i].sin_port)};
    message.bytes = ByteView{&bytes[i * kSlotBytes], headers[i].msg_len};
    message.segment_bytes = message.bytes.size();
    msghdr& header = headers[i].msg_hdr;
    for (cmsghdr* each = CMSG_FIRSTHDR(&header); each != nullptr;
         each = CMSG_NXTHDR(&header, each)) {
      if (each->cmsg_level == IPPROTO_IP && each->cmsg_type == IP_PKTINFO) {
        message.local_ip = big_endian(value_of<in_pktinfo>(*each).ipi_addr.s_addr);
      } else if (each->cmsg_level == IPPROTO_UDP && each->cmsg_type == UDP_GRO) {
        message.segment_bytes = static_cast<std::size_t>(value_of<int>(*each));
      }
    }
  }
};

struct CrowdSocket::Outgoing {
  std::vector<std::byte> bytes = std::vector<std::byte>(kBatch * kSlotBytes);
  std::array<iovec, kBatch> vectors{};
  std::array<sockaddr_in, kBatch> to{};
  std::array<ControlBuffer, kBatch> control{};
  std::array<mmsghdr, kBatch> headers{};
  std::size_t size = 0;
};

std::expected<CrowdSocket, std::error_code> CrowdSocket::open(Receiving receiving) {
  const SocketAddress anywhere{IpAddress::any(Family::V4), 0};
  auto fd = net::open_udp_socket(anywhere, net::PortSharing::Exclusive, kSocketBufferBytes);
  if (!fd) return std::unexpected(fd.error());
  const auto local = net::local_address_of(fd->get());
  const int aggregates = receiving == Receiving::Aggregates ? 1 : 0;
  if (!local ||
      ::setsockopt(fd->get(), IPPROTO_UDP, UDP_GRO, &aggregates, sizeof aggregates) != 0) {
    return std::unexpected(last_error());
  }
  return CrowdSocket{std::move(*fd), local->port};
}

CrowdSocket CrowdSocket::open_or_throw(Receiving receiving) {
  auto socket = open(receiving);
  if (!socket) throw std::system_error{socket.error(), "cannot open a UDP socket"};
  return std::move(*socket);
}

CrowdSocket::CrowdSocket(net::UniqueFd fd, std::uint16_t port)
    : fd_{std::move(fd)},
      port_{port},
      in_{std::make_unique<Incoming>()},
      out_{std::make_unique<Outgoing>()} {}

CrowdSocket::CrowdSocket(CrowdSocket&&) noexcept = default;
CrowdSocket& CrowdSocket::operator=(CrowdSocket&&) noexcept = default;
CrowdSocket::~CrowdSocket() = default;

std::span<const Message> CrowdSocket::receive() {
  in_->prepare();
  const int received = ::recvmmsg(fd_.get(), in_->headers.data(), kBatch, MSG_DONTWAIT, nullptr);
  const auto count = static_cast<std::size_t>(std::max(received, 0));
  in_->used = count;
  for (std::size_t i = 0; i < count; ++i) in_->read(i);
  return std::span{in_->messages}.first(count);
}

MutableByteView CrowdSocket::stage(std::uint32_t local_ip, Endpoint to, std::size_t bytes,
                                   std::size_t segment_bytes) {
  ICEBREAKER_CHECK(bytes <= kMaxMessageBytes);
  if (out_->size == kBatch) flush();
  const std::size_t i = out_->size++;
  out_->vectors[i] = {.iov_base = &out_->bytes[i * kSlotBytes], .iov_len = bytes};
  out_->to[i] = sockaddr_of(to);
  msghdr& header = out_->headers[i].msg_hdr;
  header.msg_name = &out_->to[i];
  header.msg_namelen = sizeof out_->to[i];
  header.msg_iov = &out_->vectors[i];
  header.msg_iovlen = 1;
  header.msg_control = out_->control[i].bytes.data();
  header.msg_controllen = out_->control[i].bytes.size();
  out_->control[i].bytes = {};  // CMSG_NXTHDR looks at the length of what it steps to
  cmsghdr* control = CMSG_FIRSTHDR(&header);
  const in_pktinfo source{
      .ipi_ifindex = 0, .ipi_spec_dst = {.s_addr = big_endian(local_ip)}, .ipi_addr = {}};
  put(*control, IPPROTO_IP, IP_PKTINFO, source);
  header.msg_controllen = CMSG_SPACE(sizeof source);
  if (segment_bytes > 0) {
    header.msg_controllen += CMSG_SPACE(sizeof(std::uint16_t));
    put(*CMSG_NXTHDR(&header, control), IPPROTO_UDP, UDP_SEGMENT,
        static_cast<std::uint16_t>(segment_bytes));
  }
  return {&out_->bytes[i * kSlotBytes], bytes};
}

void CrowdSocket::flush() {
  std::span<mmsghdr> left = std::span{out_->headers}.first(out_->size);
  while (!left.empty()) {
    const int sent = ::sendmmsg(fd_.get(), left.data(), static_cast<unsigned>(left.size()),
                                MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
      left = left.subspan(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      pollfd room{.fd = fd_.get(), .events = POLLOUT, .revents = 0};
      if (::poll(&room, 1, kRoomMs) == 1) continue;
      refused_ += left.size();
      break;
    } else if (errno != EINTR && errno != ECONNREFUSED) {
      ++refused_;
      left = left.subspan(1);
    }
  }
  out_->size = 0;
}

void CrowdSocket::wait(const CrowdSocket& one, const CrowdSocket& other,
                       std::chrono::milliseconds longest) {
  std::array<pollfd, 2> readable{pollfd{.fd = one.fd_.get(), .events = POLLIN, .revents = 0},
                                 pollfd{.fd = other.fd_.get(), .events = POLLIN, .revents = 0}};
  ::poll(readable.data(), readable.size(), static_cast<int>(longest.count()));
}

}  // namespace icebreaker::bench
