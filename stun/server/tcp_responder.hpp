// Answers STUN messages over TCP (RFC 8489 §6.2.2): the client closes the connection, or a timeout.
#pragma once

#include <chrono>
#include <cstddef>
#include <expected>
#include <optional>
#include <system_error>
#include <unordered_map>

#include "common/base/address.hpp"
#include "common/net/epoll_io.hpp"
#include "common/net/stream_server.hpp"
#include "common/stun/stream_framer.hpp"
#include "stun/server/config.hpp"
#include "stun/server/counters.hpp"

namespace icebreaker::stun {

class TcpResponder final : private net::StreamHandler {
 public:
  // The limit of connections is this object's alone. `io` must outlive it.
  TcpResponder(net::EpollIo& io, TcpLimits limits);

  std::expected<SocketAddress, std::error_code> listen(const SocketAddress& local) {
    return streams_.listen(local, net::PortSharing::ReusePort);
  }

  [[nodiscard]] std::optional<MonoTime> next_deadline() const { return streams_.next_deadline(); }

  void on_deadline(MonoTime now) { streams_.on_deadline(now); }

  [[nodiscard]] const OutcomeCounters& messages() const { return messages_; }

  [[nodiscard]] const StreamEndCounters& ends() const { return ends_; }

  [[nodiscard]] const net::StreamCounters& streams() const { return streams_.counters(); }

 private:
  // What one connection can make us keep: nobody asks a STUN server for more in one message or in
  // many that it pipelines (RFC 8489 §6.2: ten).
  static constexpr std::size_t kMaxRequestBytes = 4096;
  static constexpr std::size_t kMaxUnsentBytes = std::size_t{16} << 10U;

  struct Client {
    ClientAddress address;
    StreamFramer framer{kMaxRequestBytes};
    std::optional<MonoTime> message_deadline;  // of the message that is half here
    StreamEnd end = StreamEnd::Timeout;        // why we closed it, if we did
  };

  std::optional<MonoTime> on_open(net::ConnectionId id, const net::ConnectionInfo& info,
                                  MonoTime now) override;
  std::optional<MonoTime> on_bytes(net::ConnectionId id, ByteView bytes, MonoTime now) override;
  void on_closed(net::ConnectionId id, net::CloseReason reason) override;

  std::optional<MonoTime> refuse(Client& client);
  [[nodiscard]] bool answer(net::ConnectionId id, const Client& client, ByteView message);

  TcpLimits limits_;
  std::unordered_map<net::ConnectionId, Client> clients_;
  OutcomeCounters messages_;
  StreamEndCounters ends_;
  net::StreamServer streams_;
};

}  // namespace icebreaker::stun
