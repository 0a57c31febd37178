// DTLS clients: between the worker's datagrams, OpenSSL's associations and the relay's messages.
#pragma once

#include <optional>

#include "common/net/datagram_io.hpp"
#include "common/net/dtls_clients.hpp"
#include "turn/server/client_links.hpp"
#include "turn/server/config.hpp"
#include "turn/server/send_arena.hpp"

namespace icebreaker::turn {

class DtlsLinks final : public ClientLinks, private net::DtlsHandler {
 public:
  // `io` outlives it.
  DtlsLinks(net::DatagramIo& io, const DtlsConfig& config);

  // RFC 7983 §7: 20 to 63 begins DTLS, where plain datagrams are 0 to 3 or 64 to 79.
  static bool begins_as_dtls(ByteView datagram) {
    constexpr std::byte kFirst{20};
    constexpr std::byte kLast{63};
    return !datagram.empty() && datagram.front() >= kFirst && datagram.front() <= kLast;
  }

  // Before, nobody can be served.
  [[nodiscard]] bool has_identity() const { return has_identity_; }

  void on_datagram(Now now, const net::Datagram& datagram);
  // To every client, before the end.
  void say_goodbye();

  void attach(LinkReceiver& receiver) override { receiver_ = &receiver; }

  void set_identity(const net::TlsIdentity& identity) override;
  LinkSend send(const FiveTuple& to, const LinkMessage& message, Importance importance) override;
  void flush(Now now) override;

  [[nodiscard]] std::optional<MonoTime> next_deadline() const override {
    return clients_.next_deadline();
  }

  void on_deadline(Now now) override;

  [[nodiscard]] const net::DtlsCounters& counters() const { return clients_.counters(); }

 private:
  void send_datagram(const net::DatagramPath& path, ByteView bytes) override;
  MonoTime on_open(net::AssociationId id, const net::DatagramPath& path, MonoTime now) override;
  MonoTime on_message(net::AssociationId id, ByteView message, MonoTime now) override;
  std::optional<MonoTime> on_idle(net::AssociationId id, MonoTime now) override;
  void on_closed(net::AssociationId id, net::DtlsEnd end) override;

  net::DatagramIo& io_;
  std::chrono::milliseconds idle_timeout_;
  LinkReceiver* receiver_ = nullptr;
  bool has_identity_ = false;
  Now now_{};  // of the call in progress
  std::unordered_map<net::AssociationId, FiveTuple> open_;
  SendArena arena_;
  std::vector<std::byte> message_;  // to be encrypted
  net::DtlsClients clients_;
};

}  // namespace icebreaker::turn
