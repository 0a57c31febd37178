// Names of the things a relay deals with; ids come from and go to the shell that owns the sockets.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "common/base/address.hpp"
#include "common/base/strong_id.hpp"

namespace icebreaker::turn {

// What carries a client's messages, as the shell calls it; made by link_id().
using LinkId = StrongId<struct LinkTag, std::uint64_t>;

enum class LinkKind : std::uint8_t {
  Socket,       // a listening datagram socket, which carries many clients
  Association,  // DTLS, one client
  Stream,       // TCP or TLS, one client
};

inline constexpr unsigned kLinkKindShift = 62;

// Numbers are below 2^62, and those of associations and streams are never used twice.
constexpr LinkId link_id(LinkKind kind, std::uint64_t number) {
  return LinkId{static_cast<std::uint64_t>(kind) << kLinkKindShift | number};
}

constexpr LinkKind kind_of(LinkId link) {
  return static_cast<LinkKind>(link.value >> kLinkKindShift);
}

constexpr std::uint64_t number_of(LinkId link) {
  return link.value & ((std::uint64_t{1} << kLinkKindShift) - 1);
}

// An allocation; with an address family: one of its relay sockets. Never used twice by one Relay.
using RelayId = StrongId<struct RelayTag, std::uint32_t>;

// RFC 8656 §18.10: stands for a relay port that is held back.
using ReservationToken = std::array<std::byte, 8>;

// RFC 8656 §3.2: what an allocation is looked up by; the link stands for the transport protocol
// too, and tells the shell how to answer.
struct FiveTuple {
  LinkId link;
  ClientAddress client;
  SocketAddress server;  // the address the client sent to

  bool operator==(const FiveTuple&) const = default;
};

}  // namespace icebreaker::turn

template <>
struct std::hash<icebreaker::turn::FiveTuple> {
  std::size_t operator()(const icebreaker::turn::FiveTuple& tuple) const noexcept {
    // The client's address tells nearly all apart; the rest only matters to ==.
    return std::hash<icebreaker::ClientAddress>{}(tuple.client) * 31U + tuple.link.value;
  }
};
