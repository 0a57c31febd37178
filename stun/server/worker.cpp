#include "stun/server/worker.hpp"

#include <utility>

namespace icebreaker::stun {

std::expected<std::unique_ptr<Worker>, std::error_code> Worker::create(TcpLimits limits) {
  auto io = net::EpollIo::create({});
  if (!io) return std::unexpected(io.error());
  return std::make_unique<Worker>(std::move(*io), limits);
}

Worker::Worker(std::unique_ptr<net::EpollIo> io, TcpLimits limits)
    : io_{std::move(io)}, udp_{*io_}, tcp_{*io_, limits} {}

std::expected<Listening, std::error_code> Worker::listen(Transport transport,
                                                         const SocketAddress& local) {
  if (!is_datagram(transport)) {
    const auto bound = tcp_.listen(local);
    if (!bound) return std::unexpected(bound.error());
    return Listening{*bound, 0};
  }
  const auto opened = io_->open(local, net::PortSharing::ReusePort);
  if (!opened) return std::unexpected(opened.error());
  return Listening{opened->local, io_->receive_buffer_bytes(opened->id)};
}

void Worker::run() {
  while (!stopping_.load(std::memory_order_relaxed)) {
    udp_.run_once(tcp_.next_deadline());
    tcp_.on_deadline(MonoTime::clock::now());
    turns_.turn();
  }
}

void Worker::stop() {
  stopping_.store(true, std::memory_order_relaxed);
  io_->wake();
}

WorkerCounters Worker::counters() const {
  return {.udp_messages = &udp_.counters(),
          .tcp_messages = &tcp_.messages(),
          .tcp_ends = &tcp_.ends(),
          .datagrams = &io_->counters(),
          .streams = &tcp_.streams()};
}

bool Worker::turned() {
  const bool moved = turns_.turned();
  io_->wake();
  return moved;
}

}  // namespace icebreaker::stun
