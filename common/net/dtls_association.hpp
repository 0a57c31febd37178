// One DTLS association as OpenSSL sees it, for DtlsClients: datagrams in and out instead of a
// socket.
#pragma once

#include <chrono>
#include <cstddef>
#include <expected>
#include <memory>
#include <optional>

#include "common/base/address.hpp"
#include "common/base/bytes.hpp"
#include "common/base/time.hpp"
#include "common/net/dtls_clients.hpp"
#include "common/net/tls_context.hpp"

struct ssl_st;

namespace icebreaker::net {

// The 32 random bytes of an unprotected ClientHello's first fragment; nothing when it is none.
std::optional<ByteView> client_random_in(ByteView datagram);

class DtlsClients::Association {
 public:
  Association(const TlsContext& context, DtlsHandler& handler, const DtlsCookies& cookies);
  Association(const Association&) = delete;
  Association& operator=(const Association&) = delete;
  Association(Association&&) = delete;
  Association& operator=(Association&&) = delete;
  ~Association();

  enum class Heard : std::uint8_t { Nothing, GoodCookie, Broken };

  // Before the handshake, as often as wanted and with any client: asks for a cookie, or finds that
  // it is there. After GoodCookie the handshake goes on from that datagram.
  Heard listen(const DatagramPath& path, ByteView hello, MonoTime now);

  enum class Trouble : std::uint8_t { None, Closed, Broken };

  // What the next read_message() calls may use.
  void receive(ByteView datagram) { inbound_ = datagram; }

  // Goes on with the handshake, too. Trouble::None: there is no more for now.
  std::expected<std::size_t, Trouble> read_message(MutableByteView buffer);

  [[nodiscard]] bool send(ByteView message);
  void say_goodbye();

  [[nodiscard]] bool is_established() const;
  [[nodiscard]] bool has_client_random(ByteView random) const;

  // Until something is sent again; nothing when nothing waits for an answer.
  [[nodiscard]] std::optional<std::chrono::microseconds> retransmission() const;
  // False when the client was asked often enough.
  [[nodiscard]] bool retransmit();

  // NOLINTBEGIN(readability-identifier-naming): DtlsClients' own notes.
  AssociationId id;
  DatagramPath path;
  bool opened = false;
  MonoTime stay_until;
  std::optional<MonoTime> queued_at;
  // NOLINTEND(readability-identifier-naming)

 private:
  struct Callbacks;
  friend struct Callbacks;
  friend class DtlsClients;

  struct FreeTls {
    void operator()(ssl_st* tls) const;
  };

  [[nodiscard]] std::size_t write_cookie_subject(MutableByteView buffer) const;

  DtlsHandler& handler_;
  const DtlsCookies& cookies_;
  ByteView inbound_;
  ByteView client_random_;  // of the ClientHello in progress
  MonoTime now_;            // of listen()
  bool has_good_cookie_ = false;
  std::unique_ptr<ssl_st, FreeTls> tls_;
};

}  // namespace icebreaker::net
