// Clients that are not plain UDP: what the worker and the transports that carry them know of each
// other. Sockets stay out of it, so that the path of a datagram costs no call more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "common/base/bytes.hpp"
#include "common/base/time.hpp"
#include "common/net/tls_context.hpp"
#include "turn/core/ids.hpp"

namespace icebreaker::turn {

// The worker, seen by a transport.
class LinkReceiver {
 public:
  virtual ~LinkReceiver() = default;

  // One whole STUN message or ChannelData, borrowed for the call.
  virtual void on_message(Now now, const FiveTuple& from, ByteView message) = 0;
  virtual void on_link_closed(Now now, const FiveTuple& client) = 0;
  // Whoever has one has authenticated, and may keep more of our memory.
  [[nodiscard]] virtual bool has_allocation(const FiveTuple& client, MonoTime now) = 0;
};

enum class Importance : std::uint8_t {
  Data,     // dropped when the client does not keep up: it is datagrams
  Control,  // a client that does not even read these is closed
};

// In parts, so that a payload is copied once.
struct LinkMessage {
  ByteView header;
  ByteView payload;
  std::size_t zeros = 0;  // padding behind it
};

enum class LinkSend : std::uint8_t { Taken, ClientTooSlow, TooLong, Closed };

// A transport, seen by the worker.
class ClientLinks {
 public:
  virtual ~ClientLinks() = default;

  // Before anything else; the receiver outlives the links' last call.
  virtual void attach(LinkReceiver& receiver) = 0;

  // The certificate for connections from now on.
  virtual void set_identity(const net::TlsIdentity& identity) = 0;

  // Copies; never calls the receiver.
  virtual LinkSend send(const FiveTuple& to, const LinkMessage& message, Importance importance) = 0;
  // Once per turn of the loop.
  virtual void flush(Now now) = 0;

  [[nodiscard]] virtual std::optional<MonoTime> next_deadline() const = 0;
  virtual void on_deadline(Now now) = 0;
};

}  // namespace icebreaker::turn
