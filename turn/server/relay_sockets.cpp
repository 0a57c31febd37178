#include "turn/server/relay_sockets.hpp"

#include <algorithm>
#include <cstdint>

namespace icebreaker::turn {
namespace {

// Enough for a range that is nearly full; past it an honest 508 is better than a stalled worker.
constexpr std::uint32_t kRandomAttempts = 16;
constexpr std::uint32_t kAttempts = 80;

// Every port of the range, or its even ones, by position.
struct Candidates {
  std::uint32_t first;
  std::uint32_t step;
  std::uint32_t count;

  [[nodiscard]] std::uint16_t at(std::uint32_t index) const {
    return static_cast<std::uint16_t>(first + index % count * step);
  }
};

Candidates candidates_in(RelayPorts ports, PortParity parity) {
  if (parity == PortParity::Any) return {ports.first, 1, ports.count()};
  const std::uint32_t first = (ports.first + 1U) & ~1U;
  const std::uint32_t count = first > ports.last ? 0 : (ports.last - first) / 2 + 1;
  return {first, 2, count};
}

}  // namespace

std::expected<SocketAddress, std::error_code> RelaySockets::open(const effect::OpenRelay& request) {
  const Candidates candidates = candidates_in(ports_, request.parity);
  // An errc, not an error_code: the kernel's codes are of another category and never equal one.
  constexpr auto kInUse = std::errc::address_in_use;
  const auto none_free = std::unexpected(std::make_error_code(kInUse));
  if (candidates.count == 0) return none_free;
  std::uint32_t index = 0;
  const std::uint32_t attempts = std::min(kAttempts, kRandomAttempts + candidates.count);
  for (std::uint32_t attempt = 0; attempt < attempts; ++attempt) {
    // First anywhere, then on from there, so that a small range is searched to its end.
    index = attempt < kRandomAttempts ? random_.below(candidates.count) : index + 1;
    const SocketAddress local{request.address, candidates.at(index)};
    const auto opened = io_.open(local, net::PortSharing::Exclusive);
    if (opened) {
      by_socket_.emplace(opened->id, request.relay);
      by_relay_.emplace(request.relay, *opened);
      return opened->local;
    }
    if (opened.error() != kInUse) return std::unexpected(opened.error());
  }
  return none_free;
}

void RelaySockets::close(RelayId relay) {
  const auto found = by_relay_.find(relay);
  if (found == by_relay_.end()) return;
  io_.close(found->second.id);
  by_socket_.erase(found->second.id);
  by_relay_.erase(found);
}

}  // namespace icebreaker::turn
