// Listens for TCP and carries the bytes of its connections, in the same loop as the datagrams of an
// EpollIo. What the bytes mean (framing) is the StreamHandler's.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <vector>

#include "common/base/address.hpp"
#include "common/base/bytes.hpp"
#include "common/base/counter_per.hpp"
#include "common/base/deadline_queue.hpp"
#include "common/base/relaxed_counter.hpp"
#include "common/base/strong_id.hpp"
#include "common/base/time.hpp"
#include "common/net/byte_stream.hpp"
#include "common/net/datagram_io.hpp"
#include "common/net/epoll_io.hpp"
#include "common/net/network_counts.hpp"
#include "common/net/stream_opening.hpp"

namespace icebreaker::net {

using ConnectionId = StrongId<struct ConnectionTag, std::uint64_t>;  // never used twice

enum class CloseReason : std::uint8_t { PeerClosed, Failed, ByHandler, Deadline };

// Calls come from EpollIo::receive() and from StreamServer::on_deadline(); a handler may call
// send() and close() from inside them.
class StreamHandler {
 public:
  virtual ~StreamHandler() = default;

  // Both return how long the connection may stay without another call; nothing closes it.
  virtual std::optional<MonoTime> on_open(ConnectionId id, const ConnectionInfo& info,
                                          MonoTime now) = 0;
  virtual std::optional<MonoTime> on_bytes(ConnectionId id, ByteView bytes, MonoTime now) = 0;

  // That time has come: until when it may stay after all.
  virtual std::optional<MonoTime> on_idle(ConnectionId /*id*/, MonoTime /*now*/) {
    return std::nullopt;
  }

  virtual void on_closed(ConnectionId id, CloseReason reason) = 0;

  // Instead of all of these; `why` are words of the TLS library.
  virtual void on_opening_failed(const SocketAddress& /*client*/, OpeningFailure /*failure*/,
                                 std::string_view /*why*/) {}
};

// What a connection has to go through before on_open().
struct StreamOpeningRules {
  StreamSecurity security = StreamSecurity::None;
  std::vector<Cidr> proxies;
  std::chrono::milliseconds timeout{};  // until all of it is over
};

struct StreamLimits {
  std::size_t connections = 10'000;
  std::size_t connections_per_network = 0;  // /24, /56; 0: no limit
  std::size_t unsent_bytes_per_connection = std::size_t{256} << 10U;
};

// One message in parts, which send() copies.
struct StreamMessage {
  ByteView header;
  ByteView payload;
  std::size_t zeros = 0;  // padding behind it

  [[nodiscard]] std::size_t size() const { return header.size() + payload.size() + zeros; }
};

// Written by the worker's thread, readable from any.
struct StreamCounters {
  RelaxedCounter accepted;
  RelaxedCounter refused;          // over the limit, or out of descriptors
  RelaxedCounter refused_network;  // over the limit of one network
  RelaxedCounter open;
  RelaxedCounter received_bytes;
  RelaxedCounter sent_bytes;
  RelaxedCounter handshakes;  // TLS ones that succeeded
  CounterPer<OpeningFailure> opening_failures;
};

enum class SendResult : std::uint8_t {
  Taken,   // sent, or it will be
  NoRoom,  // the peer does not read: nothing of it was or will be sent
  Closed,
};

class StreamServer {
 public:
  // Both must outlive it.
  StreamServer(EpollIo& io, StreamHandler& handler, StreamLimits limits);
  StreamServer(const StreamServer&) = delete;
  StreamServer& operator=(const StreamServer&) = delete;
  StreamServer(StreamServer&&) = delete;
  StreamServer& operator=(StreamServer&&) = delete;
  // Closes every connection without telling the handler.
  ~StreamServer();

  // Returns the address as bound.
  std::expected<SocketAddress, std::error_code> listen(const SocketAddress& local,
                                                       PortSharing sharing);

  // The same for connections whose first bytes are not their own, or are TLS. Without set_tls() no
  // connection is.
  std::expected<SocketAddress, std::error_code> listen(const SocketAddress& local,
                                                       PortSharing sharing,
                                                       StreamOpeningRules rules);

  // For connections from now on.
  void set_tls(std::unique_ptr<TlsAcceptor> tls) { tls_ = std::move(tls); }

  // The whole message or nothing of it; never calls the handler. It leaves with flush(), or when
  // the call that the handler is in returns.
  SendResult send(ConnectionId id, ByteView message) {
    return send(id, {.header = {}, .payload = message}, limits_.unsent_bytes_per_connection);
  }

  // The same with a limit of its own for what waits, this message included.
  SendResult send(ConnectionId id, const StreamMessage& message, std::size_t max_unsent_bytes);

  // Once per turn of the loop: many messages to one client make one write.
  void flush();

  void close(ConnectionId id);

  // When on_deadline() wants to be called.
  [[nodiscard]] std::optional<MonoTime> next_deadline() const;
  void on_deadline(MonoTime now);

  [[nodiscard]] const StreamCounters& counters() const { return counters_; }

 private:
  class Listener;
  class Connection;

  std::expected<SocketAddress, std::error_code> open_listener(
      const SocketAddress& local, PortSharing sharing, std::optional<StreamOpeningRules> rules);
  void accept_from(Listener& listener);
  [[nodiscard]] bool watch_listeners(std::uint32_t events);
  void add(UniqueFd fd, const SocketAddress& client, const Listener& listener);
  [[nodiscard]] bool count_network(Connection& connection);
  void go_on_opening(Connection& connection, ByteView bytes);
  void announce(Connection& connection);
  void hand_over(Connection& connection, ByteView bytes);
  void on_ready(Connection& connection, std::uint32_t events);
  void read_from(Connection& connection);
  void write_to(Connection& connection);
  void watch_for(Connection& connection);
  void fail(Connection& connection);
  void keep_until(Connection& connection, std::optional<MonoTime> deadline);
  void finish(Connection& connection, CloseReason reason);
  void fail_opening(const Connection& connection, CloseReason reason);

  EpollIo& io_;
  StreamHandler& handler_;
  StreamLimits limits_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::unordered_map<ConnectionId, std::unique_ptr<Connection>> connections_;
  // Closed ones live until no caller up the stack can hold them any more.
  std::vector<std::unique_ptr<Connection>> closed_;
  DeadlineQueue<ConnectionId> deadlines_;
  NetworkCounts networks_;
  std::unique_ptr<TlsAcceptor> tls_;
  std::vector<ConnectionId> to_flush_;
  std::optional<MonoTime> accept_again_at_;
  std::uint64_t last_id_ = 0;
  std::vector<std::byte> buffer_;  // of the read in progress
  StreamCounters counters_;
};

}  // namespace icebreaker::net
