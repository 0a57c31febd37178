// One thread that answers everything its sockets bring. Its listeners share their ports with those
// of the other workers (SO_REUSEPORT): the kernel spreads clients by a hash of their address.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <system_error>

#include "common/base/transport.hpp"
#include "common/net/epoll_io.hpp"
#include "common/service/worker_threads.hpp"
#include "stun/server/counters.hpp"
#include "stun/server/tcp_responder.hpp"
#include "stun/server/udp_responder.hpp"

namespace icebreaker::stun {

struct Listening {
  SocketAddress address;               // as bound
  std::size_t receive_buffer_bytes{};  // UDP only
};

class Worker {
 public:
  static std::expected<std::unique_ptr<Worker>, std::error_code> create(TcpLimits limits);

  Worker(std::unique_ptr<net::EpollIo> io, TcpLimits limits);

  // Before run().
  std::expected<Listening, std::error_code> listen(Transport transport, const SocketAddress& local);

  // Until stop().
  void run();

  // Any thread.
  void stop();
  [[nodiscard]] WorkerCounters counters() const;

  // Any one thread: true if the loop turned since the last call, which also makes it turn.
  [[nodiscard]] bool turned();

 private:
  std::unique_ptr<net::EpollIo> io_;
  UdpResponder udp_;
  TcpResponder tcp_;
  std::atomic<bool> stopping_ = false;
  service::LoopTurns turns_;
};

}  // namespace icebreaker::stun
