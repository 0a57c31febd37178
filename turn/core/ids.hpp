// Names of the things a relay deals with; ids come from and go to the shell that owns the sockets.
#pragma once

#include <cstdint>
#include <functional>

#include "common/base/address.hpp"
#include "common/base/strong_id.hpp"

namespace icebreaker::turn {

// A listening datagram socket or one stream connection, as the shell calls it.
using LinkId = StrongId<struct LinkTag, std::uint32_t>;
// An allocation and its relay socket; never used twice by one Relay.
using RelayId = StrongId<struct RelayTag, std::uint32_t>;

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
