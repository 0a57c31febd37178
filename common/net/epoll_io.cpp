#include "common/net/epoll_io.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <numeric>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "common/base/check.hpp"
#include "common/net/message_buffers.hpp"
#include "common/net/open_socket.hpp"

namespace icebreaker::net {
namespace {

// A socket that always has more must not keep the others waiting: each gets at most its share of a
// batch, and no share is smaller than this.
constexpr std::size_t kMinShare = 8;
constexpr int kReceiveAttempts = 4;

// A socket id: its place in sockets_, and how often that place was given away before, so that ids
// of closed sockets find nothing.
constexpr unsigned kIndexBits = 20;
constexpr std::uint32_t kIndexMask = (1U << kIndexBits) - 1;

// epoll's 64 bits of user data hold a socket id, or one of these; addresses leave the upper bits
// free.
constexpr std::uint64_t kWakeTag = std::uint64_t{1} << 62U;
constexpr std::uint64_t kHandlerTag = std::uint64_t{1} << 63U;

std::uint64_t tag_of(const PollHandler& handler) {
  // Not std::bit_cast: clang-tidy 19 crashes on it.
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast)
  return kHandlerTag | reinterpret_cast<std::uintptr_t>(&handler);
}

PollHandler& handler_of(std::uint64_t tag) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast,performance-no-int-to-ptr)
  return *reinterpret_cast<PollHandler*>(static_cast<std::uintptr_t>(tag & ~kHandlerTag));
}

std::error_code last_error() {
  return {errno, std::system_category()};
}

std::error_code control(const UniqueFd& epoll, int operation, int fd, std::uint32_t events,
                        std::uint64_t data) {
  epoll_event event{.events = events, .data = {.u64 = data}};
  return ::epoll_ctl(epoll.get(), operation, fd, &event) == 0 ? std::error_code{} : last_error();
}

// Rounded up: waking early would make callers spin until their deadline.
int timeout_ms(std::optional<MonoTime> until) {
  constexpr auto kLongest = std::chrono::milliseconds{std::chrono::hours{1}};
  if (!until) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*until - MonoTime::clock::now());
  return static_cast<int>(std::clamp(left, std::chrono::milliseconds{0}, kLongest).count());
}

// Reports of ICMP errors about datagrams sent earlier; the call itself did nothing yet.
bool is_about_earlier_datagram(int error) {
  return error == ECONNREFUSED || error == EHOSTUNREACH || error == ENETUNREACH ||
         error == EHOSTDOWN || error == EINTR;
}

bool is_out_of_room(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS || error == ENOMEM;
}

}  // namespace

struct EpollIo::Socket {
  UniqueFd fd;
  SocketAddress local;
  std::uint32_t generation = 0;
  bool queued = false;  // in ready_
};

struct EpollIo::EventBatch {
  std::array<epoll_event, 256> events{};
  std::size_t count = 0;
};

struct EpollIo::ReceiveSlots {
  ReceiveBuffers buffers;
  std::array<Datagram, kBatch> datagrams{};
  std::size_t count = 0;
};

struct EpollIo::SendQueue {
  SendBuffers buffers;
  std::array<mmsghdr, kBatch> run{};
};

std::expected<std::unique_ptr<EpollIo>, std::error_code> EpollIo::create(EpollIoOptions options) {
  UniqueFd epoll{::epoll_create1(EPOLL_CLOEXEC)};
  if (!epoll) return std::unexpected(last_error());
  UniqueFd wake{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
  if (!wake) return std::unexpected(last_error());
  if (const auto error = control(epoll, EPOLL_CTL_ADD, wake.get(), EPOLLIN, kWakeTag)) {
    return std::unexpected(error);
  }
  return std::unique_ptr<EpollIo>{new EpollIo{options, std::move(epoll), std::move(wake)}};
}

EpollIo::EpollIo(EpollIoOptions options, UniqueFd epoll, UniqueFd wake)
    : options_{options},
      epoll_{std::move(epoll)},
      wake_{std::move(wake)},
      events_{std::make_unique<EventBatch>()},
      in_{std::make_unique<ReceiveSlots>()},
      out_{std::make_unique<SendQueue>()} {}

EpollIo::~EpollIo() = default;

std::expected<OpenedSocket, std::error_code> EpollIo::open(const SocketAddress& local,
                                                           PortSharing sharing) {
  auto fd =
      open_udp_socket(local, sharing,
                      sharing == PortSharing::ReusePort ? options_.shared_socket_buffer_bytes
                                                        : options_.exclusive_socket_buffer_bytes);
  if (!fd) return std::unexpected(fd.error());
  const auto bound = local_address_of(fd->get());
  if (!bound) return std::unexpected(last_error());
  if (free_.empty()) {
    if (sockets_.size() > kIndexMask)
      return std::unexpected(make_error_code(std::errc::too_many_files_open));
    free_.push_back(static_cast<std::uint32_t>(sockets_.size()));
    sockets_.push_back(std::make_unique<Socket>());
  }
  const std::uint32_t index = free_.back();
  Socket& socket = *sockets_[index];
  const SocketId id{index | socket.generation << kIndexBits};
  if (const auto error = control(epoll_, EPOLL_CTL_ADD, fd->get(), EPOLLIN, id.value)) {
    return std::unexpected(error);
  }
  free_.pop_back();
  socket.fd = std::move(*fd);
  socket.local = *bound;
  return OpenedSocket{id, *bound};
}

void EpollIo::close(SocketId id) {
  Socket* socket = find(id);
  if (socket == nullptr) return;
  flush();
  socket->fd = UniqueFd{};  // leaves the epoll set by itself
  socket->queued = false;
  ++socket->generation;
  free_.push_back(id.value & kIndexMask);
}

std::span<const Datagram> EpollIo::receive(std::optional<MonoTime> until) {
  in_->count = 0;
  in_->buffers.clear();
  wait(ready_.empty() ? until : MonoTime{});
  while (!ready_.empty() && in_->buffers.room() > 0) {
    const SocketId next = ready_.front();
    ready_.pop_front();
    drain(next, std::max(kMinShare, kBatch / (ready_.size() + 1)));
  }
  if (in_->count > 0) ++counters_.receive_batches;
  return std::span{in_->datagrams}.first(in_->count);
}

void EpollIo::wait(std::optional<MonoTime> until) {
  const int count = ::epoll_wait(epoll_.get(), events_->events.data(),
                                 static_cast<int>(events_->events.size()), timeout_ms(until));
  events_->count = static_cast<std::size_t>(std::max(count, 0));  // EINTR: nothing yet
  for (std::size_t i = 0; i < events_->count; ++i) {
    const std::uint64_t data = events_->events[i].data.u64;
    if ((data & kHandlerTag) != 0) {
      handler_of(data).on_ready(events_->events[i].events);
    } else if (data == kWakeTag) {
      std::uint64_t wakes = 0;
      [[maybe_unused]] const auto size = ::read(wake_.get(), &wakes, sizeof wakes);
    } else if (Socket* socket = find(SocketId{static_cast<std::uint32_t>(data)});
               socket != nullptr && !socket->queued) {
      socket->queued = true;
      ready_.push_back(SocketId{static_cast<std::uint32_t>(data)});
    }
  }
  events_->count = 0;
}

void EpollIo::drain(SocketId id, std::size_t share) {
  Socket* socket = find(id);
  if (socket == nullptr) return;
  const std::span<mmsghdr> headers = in_->buffers.prepare(share);
  int received = -1;
  for (int attempt = 0; attempt < kReceiveAttempts && received < 0; ++attempt) {
    // A null timeout: a zero one would return after one datagram.
    received = ::recvmmsg(socket->fd.get(), headers.data(), static_cast<unsigned>(headers.size()),
                          MSG_DONTWAIT, nullptr);
    if (received < 0 && !is_about_earlier_datagram(errno)) break;
  }
  const auto count = static_cast<std::size_t>(std::max(received, 0));
  in_->buffers.take(count);
  for (const mmsghdr& header : headers.first(count)) {
    const auto datagram = ReceiveBuffers::datagram_in(header, id, socket->local);
    if (!datagram) {
      ++counters_.receive_drops;
      continue;
    }
    in_->datagrams[in_->count++] = *datagram;
    ++counters_.received_packets;
    counters_.received_bytes += datagram->bytes.size();
  }
  // A full share: there may be more, and the others come first.
  socket->queued = count == headers.size();
  if (socket->queued) ready_.push_back(id);
}

void EpollIo::send(const Outgoing& datagram) {
  if (out_->buffers.full()) flush();
  out_->buffers.add(datagram);
}

void EpollIo::flush() {
  const std::size_t size = out_->buffers.size();
  if (size == 0) return;
  // One sendmmsg serves one socket; the order within a socket stays, between sockets it is free.
  std::array<std::uint16_t, kBatch> order{};
  const std::span queued = std::span{order}.first(size);
  std::iota(queued.begin(), queued.end(), std::uint16_t{0});
  std::ranges::sort(queued, {},
                    [this](std::uint16_t i) { return std::pair{out_->buffers.via(i).value, i}; });
  for (std::size_t start = 0; start < size;) {
    const SocketId via = out_->buffers.via(queued[start]);
    std::size_t end = start + 1;
    while (end < size && out_->buffers.via(queued[end]) == via) ++end;
    send_run(via, queued.subspan(start, end - start));
    start = end;
  }
  out_->buffers.clear();
}

void EpollIo::send_run(SocketId via, std::span<const std::uint16_t> queued) {
  const Socket* socket = find(via);
  if (socket == nullptr) {
    counters_.send_failures += queued.size();
    return;
  }
  std::span<mmsghdr> left = std::span{out_->run}.first(queued.size());
  std::ranges::transform(queued, left.begin(),
                         [this](std::uint16_t i) { return out_->buffers.header(i); });
  bool retried = false;
  while (!left.empty()) {
    const int sent = ::sendmmsg(socket->fd.get(), left.data(), static_cast<unsigned>(left.size()),
                                MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
      ++counters_.send_batches;
      const auto count = static_cast<std::size_t>(sent);
      counters_.sent_packets += count;
      for (const mmsghdr& each : left.first(count)) counters_.sent_bytes += each.msg_len;
      left = left.subspan(count);
      retried = false;
    } else if (is_out_of_room(errno)) {
      // Waiting would stall every other client of this worker: neighbours that do not answer ARP
      // can fill a socket's buffer at will.
      counters_.send_failures += left.size();
      return;
    } else if (is_about_earlier_datagram(errno) && !retried) {
      retried = true;
    } else {
      ++counters_.send_failures;
      left = left.subspan(1);
      retried = false;
    }
  }
}

void EpollIo::wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
}

std::size_t EpollIo::receive_buffer_bytes(SocketId id) const {
  const Socket* socket = find(id);
  return socket == nullptr ? 0 : receive_buffer_bytes_of(socket->fd.get());
}

std::error_code EpollIo::watch(int fd, std::uint32_t events, PollHandler& handler) {
  return control(epoll_, EPOLL_CTL_ADD, fd, events, tag_of(handler));
}

std::error_code EpollIo::change(int fd, std::uint32_t events, PollHandler& handler) {
  return control(epoll_, EPOLL_CTL_MOD, fd, events, tag_of(handler));
}

void EpollIo::unwatch(int fd, PollHandler& handler) {
  [[maybe_unused]] const auto error = control(epoll_, EPOLL_CTL_DEL, fd, 0, 0);
  // Events of this batch may still name the handler.
  for (std::size_t i = 0; i < events_->count; ++i) {
    if (events_->events[i].data.u64 == tag_of(handler)) events_->events[i].data.u64 = kWakeTag;
  }
}

EpollIo::Socket* EpollIo::find(SocketId id) const {
  const std::uint32_t index = id.value & kIndexMask;
  if (index >= sockets_.size()) return nullptr;
  Socket* socket = sockets_[index].get();
  const bool current = socket->fd && (index | socket->generation << kIndexBits) == id.value;
  return current ? socket : nullptr;
}

}  // namespace icebreaker::net
