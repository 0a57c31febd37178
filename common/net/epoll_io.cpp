#include "common/net/epoll_io.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <limits>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "common/base/check.hpp"
#include "common/net/open_socket.hpp"
#include "common/net/path_errors.hpp"

namespace icebreaker::net {
namespace {

// A socket that always has more must not keep the others waiting: each gets at most its share of a
// batch, and no share is smaller than this.
constexpr std::size_t kMinShare = 16;
constexpr int kReceiveAttempts = 4;

// A batch that has as many datagrams waits for no more.
constexpr std::size_t kBatch = 512;

// Any path carries datagrams of this size whole.
constexpr std::size_t kSureSegmentBytes = 1200;

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

}  // namespace

struct EpollIo::Socket {
  UniqueFd fd;
  SocketAddress local;
  std::uint32_t generation = 0;
  bool queued = false;   // in ready_
  bool failing = false;  // errors may come between its datagrams
  std::uint32_t kernel_drops = 0;
  SendQueue::Index lane = SendQueue::kNone;
  std::size_t largest_segment = 0;  // of what may be sent together
};

struct EpollIo::EventBatch {
  std::array<epoll_event, 256> events{};
  std::size_t count = 0;
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
      in_{std::make_unique<ReceiveBuffers>()},
      out_{std::make_unique<SendQueue>()} {
  ready_.reserve(kBatch);
  datagrams_.reserve(kBatch + SendQueue::kMostSegments);
}

EpollIo::~EpollIo() = default;

std::expected<UniqueFd, std::error_code> EpollIo::open_fd(const SocketAddress& local,
                                                          PortSharing sharing) const {
  const std::size_t buffer_bytes = sharing == PortSharing::ReusePort
                                       ? options_.shared_socket_buffer_bytes
                                       : options_.exclusive_socket_buffer_bytes;
  auto fd = open_udp_socket(local, sharing, buffer_bytes);
  if (!fd) return fd;
  report_drops(fd->get());
  const Family family = local.ip.family();
  report_traffic_class(fd->get(), family);
  if (sharing == PortSharing::Exclusive) report_path_errors(fd->get(), family);
  set_fragments(fd->get(), family, Fragments::Allowed);
  if (options_.aggregates == Aggregates::IfAvailable) receive_aggregates(fd->get());
  return fd;
}

std::expected<OpenedSocket, std::error_code> EpollIo::open(const SocketAddress& local,
                                                           PortSharing sharing) {
  auto fd = open_fd(local, sharing);
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
  // Edge-triggered: otherwise the kernel asks each socket once more whether it is empty by now.
  if (const auto error = control(epoll_, EPOLL_CTL_ADD, fd->get(), EPOLLIN | EPOLLET, id.value)) {
    return std::unexpected(error);
  }
  const bool together =
      options_.aggregates == Aggregates::IfAvailable && can_send_aggregates(fd->get());
  free_.pop_back();
  socket = {.fd = std::move(*fd),
            .local = *bound,
            .generation = socket.generation,
            .largest_segment = together ? std::numeric_limits<std::uint16_t>::max() : 0U};
  return OpenedSocket{id, *bound};
}

void EpollIo::close(SocketId id) {
  Socket* socket = find(id);
  if (socket == nullptr) return;
  flush();
  socket->fd = UniqueFd{};  // leaves the epoll set by itself
  ++socket->generation;
  free_.push_back(id.value & kIndexMask);
}

std::span<const Datagram> EpollIo::receive(std::optional<MonoTime> until) {
  if (ready_.empty()) pause_.take_after(datagrams_.size(), options_.gather);
  datagrams_.clear();
  path_errors_.clear();
  in_->clear();
  wait(ready_.empty() ? until : MonoTime{});
  std::size_t served = 0;
  while (served < ready_.size() && in_->room() > 0 && datagrams_.size() < kBatch) {
    const std::size_t waiting = ready_.size() - served;
    drain(ready_[served++], std::max(kMinShare, ReceiveBuffers::kSlots / waiting));
  }
  ready_.erase(ready_.begin(), ready_.begin() + static_cast<std::ptrdiff_t>(served));
  if (!datagrams_.empty()) {
    ++counters_.receive_batches;
    counters_.receive_batch_sizes.count(datagrams_.size());
  }
  return datagrams_;
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
    } else {
      on_socket_event(SocketId{static_cast<std::uint32_t>(data)}, events_->events[i].events);
    }
  }
  events_->count = 0;
}

void EpollIo::on_socket_event(SocketId id, std::uint32_t events) {
  Socket* socket = find(id);
  if (socket == nullptr) return;
  if ((events & EPOLLERR) != 0) socket->failing = true;
  if (socket->queued) return;
  socket->queued = true;
  ready_.push_back(id);
}

void EpollIo::drain(SocketId id, std::size_t share) {
  Socket* socket = find(id);
  if (socket == nullptr) return;
  const bool more_errors =
      socket->failing &&
      take_path_errors(socket->fd.get(), id, path_errors_) == ErrorQueue::MayHoldMore;
  const std::span<mmsghdr> headers = in_->free_headers(share);
  int received = -1;
  for (int attempt = 0; attempt < kReceiveAttempts && received < 0; ++attempt) {
    // A null timeout: a zero one would return after one datagram.
    received = ::recvmmsg(socket->fd.get(), headers.data(), static_cast<unsigned>(headers.size()),
                          MSG_DONTWAIT, nullptr);
    if (received < 0 && !is_about_earlier_datagram(errno)) break;
  }
  const bool empty = received < 0 && !is_about_earlier_datagram(errno);
  const auto count = static_cast<std::size_t>(std::max(received, 0));
  in_->take(count);
  for (const mmsghdr& header : headers.first(count)) take(id, *socket, header);
  if (empty && !more_errors) socket->failing = false;
  // Less than was asked for: it was emptied, or an error stood between two datagrams. No event will
  // tell of what is left, so it stays in turn while it may hold more; the others come first.
  socket->queued = more_errors || (!empty && (count == headers.size() || socket->failing));
  if (socket->queued) ready_.push_back(id);
}

void EpollIo::take(SocketId id, Socket& socket, const mmsghdr& header) {
  const auto arrival = ReceiveBuffers::arrival_in(header, socket.local);
  if (!arrival) {
    ++counters_.receive_drops;
    return;
  }
  if (arrival->drops_so_far) {
    counters_.kernel_drops += *arrival->drops_so_far - socket.kernel_drops;
    socket.kernel_drops = *arrival->drops_so_far;
  }
  Datagram datagram{.socket = id,
                    .from = arrival->from,
                    .to = arrival->to,
                    .bytes = arrival->bytes,
                    .traffic_class = arrival->traffic_class};
  ByteView rest = arrival->bytes;
  std::size_t segments = 1;
  if (arrival->segment_bytes > 0) {
    for (; rest.size() > arrival->segment_bytes; ++segments) {
      datagram.bytes = rest.first(arrival->segment_bytes);
      datagrams_.push_back(datagram);
      rest = rest.subspan(arrival->segment_bytes);
    }
  }
  datagram.bytes = rest;
  datagrams_.push_back(datagram);
  counters_.received_aggregates.count(segments);
  counters_.received_packets += segments;
  counters_.received_bytes += arrival->bytes.size();
}

void EpollIo::send(const Outgoing& datagram) {
  if (out_->full()) flush();
  Socket* socket = find(datagram.via);
  if (socket == nullptr) {
    ++counters_.send_failures;
    return;
  }
  if (socket->lane == SendQueue::kNone) socket->lane = out_->open_lane(datagram.via);
  out_->add(socket->lane, datagram, socket->largest_segment);
}

// One sendmmsg serves one socket; the order within a socket stays, between sockets it is free.
void EpollIo::flush() {
  const auto lanes = static_cast<SendQueue::Index>(out_->lanes());
  for (SendQueue::Index lane = 0; lane < lanes; ++lane) {
    Socket& socket = *find(out_->via(lane));  // close() flushes first
    socket.lane = SendQueue::kNone;
    const SendQueue::Batch batch = out_->messages_of(lane);
    out_->has_whole_ones(lane) ? send_by_fragments(socket, batch) : send_lane(socket, batch);
  }
  out_->clear();
}

// No control message tells IPv4 of DF: the socket is told before and after.
void EpollIo::send_by_fragments(Socket& socket, SendQueue::Batch left) {
  const Family family = socket.local.ip.family();
  while (!left.empty()) {
    const bool whole = out_->stays_whole(left.messages.front());
    const auto end = std::ranges::find_if(
        left.messages, [&](const auto each) { return out_->stays_whole(each) != whole; });
    const auto count = static_cast<std::size_t>(end - left.messages.begin());
    if (whole) set_fragments(socket.fd.get(), family, Fragments::Forbidden);
    send_lane(socket, left.first(count));
    if (whole) set_fragments(socket.fd.get(), family, Fragments::Allowed);
    left = left.without_first(count);
  }
}

void EpollIo::send_lane(Socket& socket, SendQueue::Batch left) {
  bool retried = false;
  while (!left.empty()) {
    const int result =
        ::sendmmsg(socket.fd.get(), left.headers.data(), static_cast<unsigned>(left.headers.size()),
                   MSG_DONTWAIT | MSG_NOSIGNAL);
    if (result > 0) {
      ++counters_.send_batches;
      const auto sent = static_cast<std::size_t>(result);
      for (std::size_t i = 0; i < sent; ++i) {
        count_sent(out_->segments_in(left.messages[i]), left.headers[i].msg_len);
      }
      left = left.without_first(sent);
      retried = false;
    } else if (is_out_of_room(errno)) {
      // Waiting would stall every other client of this worker: neighbours that do not answer ARP
      // can fill a socket's buffer at will.
      for (const auto each : left.messages) counters_.send_failures += out_->segments_in(each);
      return;
    } else if (is_about_earlier_datagram(errno) && !retried) {
      retried = true;
    } else {
      send_apart(socket, left.messages.front(), errno);
      left = left.without_first(1);
      retried = false;
    }
  }
}

// What the kernel refuses to take together, it may take one by one: segments longer than the path
// carries whole, or a device that cannot compute checksums.
void EpollIo::send_apart(Socket& socket, SendQueue::Index message, int error) {
  if (out_->segments_in(message) == 1) {
    ++counters_.send_failures;
    return;
  }
  if (const std::size_t bytes = out_->segment_bytes(message); bytes > kSureSegmentBytes) {
    socket.largest_segment = std::min(socket.largest_segment, bytes - 1);
  } else if (error == EIO || error == EINVAL) {
    socket.largest_segment = 0;
  }
  for (const mmsghdr& each : out_->segments_of(message)) {
    const auto sent = ::sendmsg(socket.fd.get(), &each.msg_hdr, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) {
      count_sent(1, static_cast<std::size_t>(sent));
    } else {
      ++counters_.send_failures;
    }
  }
}

void EpollIo::count_sent(std::size_t datagrams, std::size_t bytes) {
  counters_.sent_aggregates.count(datagrams);
  counters_.sent_packets += datagrams;
  counters_.sent_bytes += bytes;
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
