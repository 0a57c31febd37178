// What the control path of a Relay asks of the shell: replies, relay sockets, fast-path entries and
// the story of allocations that ended. The caller owns and reuses the vector.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/base/address.hpp"
#include "common/base/bytes.hpp"
#include "common/stun/channel_number.hpp"
#include "turn/core/ids.hpp"
#include "turn/core/peer_policy.hpp"
#include "turn/core/traffic.hpp"

namespace icebreaker::turn {

// A reply held in place, so that answering strangers allocates nothing.
class ReplyBytes {
 public:
  // Room for every reply of ours: the longest REALM (config limit 127 bytes), NONCE and
  // UNKNOWN-ATTRIBUTES together stay below it.
  static constexpr std::size_t kCapacity = 512;

  [[nodiscard]] MutableByteView buffer() { return bytes_; }

  void set_size(std::size_t size) { size_ = size; }

  [[nodiscard]] ByteView view() const { return ByteView{bytes_}.first(size_); }

 private:
  std::array<std::byte, kCapacity> bytes_{};
  std::size_t size_ = 0;
};

enum class PortParity : std::uint8_t { Any, Even };

enum class EndReason : std::uint8_t { Expired, Released, Shutdown, LinkClosed };

std::string_view name_of(EndReason reason);

namespace effect {

struct Reply {
  FiveTuple to;
  ReplyBytes bytes;
};

// Bind a port of the relay range; answer with on_relay_opened() or on_relay_failed() for the
// family of the address.
struct OpenRelay {
  RelayId relay;
  IpAddress address;
  PortParity parity = PortParity::Any;
  std::uint16_t held_port = 0;                  // not 0: this one, which a reservation kept free
  std::optional<ReservationToken> keep_next{};  // hold the next port under this token
  std::string user{};                           // for keep_next
};

// Its channels go with it.
struct CloseRelay {
  RelayId relay;
  Family family = Family::V4;
};

// The fast path may forward these on its own until they are unbound: while the channel and the
// permission of its peer live.
struct BindChannel {
  RelayId relay;
  FiveTuple client;
  stun::ChannelNumber channel;
  PeerAddress peer;  // as packets carry it
};

struct UnbindChannel {
  RelayId relay;
  stun::ChannelNumber channel;
};

struct AllocationEnded {
  RelayId relay;
  FiveTuple client;
  RelayAddress relayed;
  std::optional<RelayAddress> also_relayed;  // of a dual allocation
  std::string username;
  EndReason reason;
  std::chrono::milliseconds age;
  Traffic traffic;
  std::vector<PeerRefusal> refusals{};  // of the peers in traffic.refused
};

}  // namespace effect

using Effect = std::variant<effect::Reply, effect::OpenRelay, effect::CloseRelay,
                            effect::BindChannel, effect::UnbindChannel, effect::AllocationEnded>;
using Effects = std::vector<Effect>;

}  // namespace icebreaker::turn
