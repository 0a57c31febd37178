#include "tests/bench/turn_load/reference.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <stdexcept>
#include <stop_token>
#include <thread>

#include <sched.h>
#include <sys/socket.h>

#include "common/net/open_socket.hpp"
#include "common/net/sockaddr.hpp"

namespace icebreaker::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kBufferBytes = 65'536;
constexpr int kPieces = 5;
constexpr int kDatagrams = 500;

void send_to_oneself(int fd) {
  std::array<std::byte, 160> bytes{};
  for (int i = 0; i < kDatagrams; ++i) {
    if (::send(fd, bytes.data(), bytes.size(), 0) < 0 ||
        ::recv(fd, bytes.data(), bytes.size(), 0) < 0) {
      throw std::runtime_error{"cannot send a datagram over loopback"};
    }
  }
}

void keep_cores_busy(const std::stop_token& stop, pid_t server) {
  cpu_set_t cores;
  if (server == 0 || ::sched_getaffinity(server, sizeof cores, &cores) != 0) return;
  if (::sched_setaffinity(0, sizeof cores, &cores) != 0) return;
  while (!stop.stop_requested()) {
  }
}

}  // namespace

std::chrono::nanoseconds reference_time(pid_t server) {
  const std::jthread busy{keep_cores_busy, server};
  const SocketAddress anywhere{IpAddress::loopback(Family::V4), 0};
  const auto fd = net::open_udp_socket(anywhere, net::PortSharing::Exclusive, kBufferBytes);
  const auto local = fd ? net::local_address_of(fd->get()) : std::nullopt;
  if (!local) throw std::runtime_error{"cannot open a UDP socket"};
  const net::SockAddr itself{*local};
  if (::connect(fd->get(), itself.get(), itself.size()) != 0) {
    throw std::runtime_error{"cannot connect a UDP socket"};
  }
  // The fastest: whatever else ran on the core only made it longer.
  auto best = Clock::duration::max();
  for (int piece = 0; piece < kPieces; ++piece) {
    const Clock::time_point started = Clock::now();
    send_to_oneself(fd->get());
    best = std::min(best, Clock::now() - started);
  }
  return best;
}

}  // namespace icebreaker::bench
