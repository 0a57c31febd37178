// DatagramIo on Linux: epoll, recvmmsg and sendmmsg, UDP_GRO and UDP_SEGMENT where the kernel has
// them. One object per worker thread; other file
// descriptors of the same thread (TCP) take part in its wait through PollHandler.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <system_error>
#include <vector>

#include "common/net/datagram_io.hpp"
#include "common/net/receive_buffers.hpp"
#include "common/net/send_queue.hpp"
#include "common/net/short_pause.hpp"
#include "common/net/unique_fd.hpp"

namespace icebreaker::net {

// Called inside EpollIo::receive().
class PollHandler {
 public:
  virtual ~PollHandler() = default;
  // `events` are EPOLLIN, EPOLLOUT, …
  virtual void on_ready(std::uint32_t events) = 0;
};

// Datagrams of one flow, carried through the kernel together.
enum class Aggregates : std::uint8_t {
  IfAvailable,  // UDP_GRO and UDP_SEGMENT
  Never,
};

struct EpollIoOptions {
  Aggregates aggregates = Aggregates::IfAvailable;
  // While datagrams keep coming, how long to let them gather before they are taken; below a second.
  std::chrono::nanoseconds gather = std::chrono::microseconds{50};
  // What the kernel is asked for; it may grant less (net.core.rmem_max).
  std::size_t shared_socket_buffer_bytes = std::size_t{4} << 20U;     // PortSharing::ReusePort
  std::size_t exclusive_socket_buffer_bytes = std::size_t{1} << 19U;  // PortSharing::Exclusive
};

class EpollIo final : public DatagramIo {
 public:
  static std::expected<std::unique_ptr<EpollIo>, std::error_code> create(EpollIoOptions options);

  EpollIo(const EpollIo&) = delete;
  EpollIo& operator=(const EpollIo&) = delete;
  EpollIo(EpollIo&&) = delete;
  EpollIo& operator=(EpollIo&&) = delete;
  ~EpollIo() override;

  std::expected<OpenedSocket, std::error_code> open(const SocketAddress& local,
                                                    PortSharing sharing) override;
  void close(SocketId socket) override;
  std::span<const Datagram> receive(std::optional<MonoTime> until) override;

  [[nodiscard]] std::span<const PathError> path_errors() const override { return path_errors_; }

  void send(const Outgoing& datagram) override;
  void flush() override;
  void wake() override;

  [[nodiscard]] const IoCounters& counters() const override { return counters_; }

  // Bytes of receive buffer that the kernel granted; 0 for an unknown socket.
  [[nodiscard]] std::size_t receive_buffer_bytes(SocketId socket) const;

  // The handler must outlive its registration. Edge or level triggering is up to `events`.
  std::error_code watch(int fd, std::uint32_t events, PollHandler& handler);
  std::error_code change(int fd, std::uint32_t events, PollHandler& handler);
  void unwatch(int fd, PollHandler& handler);

 private:
  struct Socket;
  struct EventBatch;

  EpollIo(EpollIoOptions options, UniqueFd epoll, UniqueFd wake);

  [[nodiscard]] Socket* find(SocketId socket) const;
  [[nodiscard]] std::expected<UniqueFd, std::error_code> open_fd(const SocketAddress& local,
                                                                 PortSharing sharing) const;
  void wait(std::optional<MonoTime> until);
  void on_socket_event(SocketId id, std::uint32_t events);
  void drain(SocketId id, std::size_t share);
  void take(SocketId id, Socket& socket, const mmsghdr& header);
  void send_by_fragments(Socket& socket, SendQueue::Batch left);
  void send_lane(Socket& socket, SendQueue::Batch left);
  void send_apart(Socket& socket, SendQueue::Index message, int error);
  void count_sent(std::size_t datagrams, std::size_t bytes);

  EpollIoOptions options_;
  UniqueFd epoll_;
  UniqueFd wake_;
  std::vector<std::unique_ptr<Socket>> sockets_;  // by the index part of their id
  std::vector<std::uint32_t> free_;               // indices of closed ones
  std::vector<SocketId> ready_;                   // sockets that may hold more, in turn
  std::unique_ptr<EventBatch> events_;
  std::unique_ptr<ReceiveBuffers> in_;
  std::vector<Datagram> datagrams_;     // of the last receive()
  std::vector<PathError> path_errors_;  // the same
  std::unique_ptr<SendQueue> out_;
  ShortPause pause_;
  IoCounters counters_;
};

}  // namespace icebreaker::net
