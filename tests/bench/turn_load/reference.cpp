#include "tests/bench/turn_load/reference.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <stdexcept>

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

}  // namespace

std::chrono::nanoseconds reference_time() {
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
