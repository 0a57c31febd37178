// What becomes of one received datagram, by value: forwarded, handled (the effects say how) or
// dropped for a named reason.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "common/base/address.hpp"
#include "common/base/bytes.hpp"
#include "common/stun/error_code.hpp"
#include "common/stun/message.hpp"
#include "turn/core/auth_failure.hpp"
#include "turn/core/ids.hpp"
#include "turn/core/quota.hpp"
#include "turn/core/special_networks.hpp"

namespace icebreaker::turn {

enum class Drop : std::uint8_t {
  NotTurn,  // neither STUN nor ChannelData
  MalformedStun,
  WrongFingerprint,
  UnexpectedStun,  // a response, or a method or indication that no server handles
  MalformedChannelData,
  MalformedIndication,  // Send without peer or data, or with attributes we do not know
  NoAllocation,
  NoChannel,
  NoPermission,
  PeerRefused,
  RelayOpening,    // a request for an allocation whose socket is not bound yet
  OverBudget,      // strangers of this network were challenged too often of late
  ClientTooSlow,   // a stream whose client does not read as fast as its peers send
  OverBandwidth,   // of the allocation or of its user
  TooLong,         // with its header, more than a message to the client can hold
  UnreportedIcmp,  // of a type that clients are not told, or too many of late
  Count,
};

std::string_view name_of(Drop drop);

// Of the requests that a relay answers.
std::string_view name_of(stun::Method method);

// Send `payload` from the relay socket to the peer.
struct ToPeer {
  RelayId via;
  PeerAddress to;
  ByteView payload;
  bool dont_fragment = false;
};

// At most a Data indication with an IPv6 peer: 20 + 4 + 20 + 4 bytes.
inline constexpr std::size_t kMaxClientHeaderBytes = 48;

// Send header, payload and `padding` zero bytes to the client.
struct ToClient {
  FiveTuple to;
  std::array<std::byte, kMaxClientHeaderBytes> header;
  std::size_t header_bytes;
  ByteView payload;
  std::size_t padding;

  [[nodiscard]] ByteView header_view() const { return ByteView{header}.first(header_bytes); }
};

// A request was answered, successfully when `error` is nothing. Borrows from the request or the
// credentials.
struct Handled {
  stun::Method method{};
  std::optional<stun::ErrorCode> error;
  AuthFailure auth = AuthFailure::None;
  PeerRule refused_by = PeerRule::Allowed;
  std::optional<QuotaRefusal> quota{};
  std::string_view username{};  // of who was not authenticated: as claimed, by whomever
  std::chrono::seconds expired_for{0};
};

using ClientVerdict = std::variant<ToPeer, Handled, Drop>;
using PeerVerdict = std::variant<ToClient, Drop>;

}  // namespace icebreaker::turn
