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

Candidates candidates_in(RelayPorts ports, const effect::OpenRelay& request) {
  if (request.parity == PortParity::Any) return {ports.first, 1, ports.count()};
  const std::uint32_t first = (ports.first + 1U) & ~1U;
  // The port that is to be held back must be in the range too.
  const std::uint32_t last = request.keep_next ? ports.last - 1U : ports.last;
  const std::uint32_t count = first > last ? 0 : (last - first) / 2 + 1;
  return {first, 2, count};
}

// An errc, not an error_code: the kernel's codes are of another category and never equal one.
constexpr auto kInUse = std::errc::address_in_use;

}  // namespace

std::expected<SocketAddress, std::error_code> RelaySockets::open(MonoTime now,
                                                                 const effect::OpenRelay& request) {
  Opened opened = std::unexpected(std::error_code{});
  if (request.held_port == 0) {
    opened = search(now, request);
  } else {
    const SocketAddress held{request.address, request.held_port};
    opened = io_.open(held, net::PortSharing::Exclusive);
    if (opened) reservations_.release(held);
  }
  if (!opened) return std::unexpected(opened.error());
  by_socket_.emplace(opened->id, request.relay);
  by_relay_.emplace(key_of(request.relay, request.address.family()), *opened);
  return opened->local;
}

RelaySockets::Opened RelaySockets::search(MonoTime now, const effect::OpenRelay& request) {
  const Candidates candidates = candidates_in(ports_, request);
  const auto none_free = std::unexpected(std::make_error_code(kInUse));
  if (candidates.count == 0) return none_free;
  std::uint32_t index = 0;
  const std::uint32_t attempts = std::min(kAttempts, kRandomAttempts + candidates.count);
  for (std::uint32_t attempt = 0; attempt < attempts; ++attempt) {
    // First anywhere, then on from there, so that a small range is searched to its end.
    index = attempt < kRandomAttempts ? random_.below(candidates.count) : index + 1;
    Opened opened = open_port(now, request, candidates.at(index));
    if (opened || opened.error() != kInUse) return opened;
  }
  return none_free;
}

RelaySockets::Opened RelaySockets::open_port(MonoTime now, const effect::OpenRelay& request,
                                             std::uint16_t port) {
  const SocketAddress local{request.address, port};
  if (reservations_.is_held(now, local)) return std::unexpected(std::make_error_code(kInUse));
  Opened opened = io_.open(local, net::PortSharing::Exclusive);
  if (!opened || !request.keep_next) return opened;
  const SocketAddress next{request.address, static_cast<std::uint16_t>(port + 1U)};
  if (const auto error = keep(now, {*request.keep_next, request.user, next})) {
    io_.close(opened->id);
    return std::unexpected(error);
  }
  return opened;
}

// No worker binds a port that is held, so it need not stay bound until its token comes.
std::error_code RelaySockets::keep(MonoTime now, const Reservation& next) {
  switch (reservations_.hold(now, next)) {
    case Hold::PortHeld:
      return std::make_error_code(kInUse);
    case Hold::TooMany:
      return std::make_error_code(std::errc::no_buffer_space);
    case Hold::Granted:
      break;
  }
  const Opened probe = io_.open(next.bound, net::PortSharing::Exclusive);
  if (!probe) {
    reservations_.release(next.bound);
    return probe.error();
  }
  io_.close(probe->id);
  return {};
}

void RelaySockets::close(RelayId relay, Family family) {
  const auto found = by_relay_.find(key_of(relay, family));
  if (found == by_relay_.end()) return;
  io_.close(found->second.id);
  by_socket_.erase(found->second.id);
  by_relay_.erase(found);
}

}  // namespace icebreaker::turn
