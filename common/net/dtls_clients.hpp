// DTLS 1.2 over datagrams that somebody else receives and sends: associations with clients, of
// which a stranger gets none before it has proved its address (RFC 6347 §4.2.1).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "common/base/address.hpp"
#include "common/base/bytes.hpp"
#include "common/base/counter_per.hpp"
#include "common/base/deadline_queue.hpp"
#include "common/base/relaxed_counter.hpp"
#include "common/base/strong_id.hpp"
#include "common/base/time.hpp"
#include "common/net/datagram_io.hpp"
#include "common/net/dtls_cookie.hpp"
#include "common/net/network_counts.hpp"
#include "common/net/tls_context.hpp"

namespace icebreaker::net {

using AssociationId = StrongId<struct AssociationTag, std::uint64_t>;  // never used twice

// Where a client's datagrams come from and go to.
struct DatagramPath {
  SocketId socket;
  SocketAddress client;
  SocketAddress local;

  bool operator==(const DatagramPath&) const = default;
};

}  // namespace icebreaker::net

template <>
struct std::hash<icebreaker::net::DatagramPath> {
  std::size_t operator()(const icebreaker::net::DatagramPath& path) const noexcept {
    return std::hash<icebreaker::SocketAddress>{}(path.client) * 31U + path.socket.value;
  }
};

namespace icebreaker::net {

// Why an association ended; metric labels.
enum class DtlsEnd : std::uint8_t {
  ByClient,  // close_notify
  Idle,
  Failed,
  HandshakeFailed,
  HandshakeTimeout,
  Restarted,  // the client began anew from the same address
  Count,
};

std::string_view name_of(DtlsEnd end);

// Calls come from on_datagram() and on_deadline(); a handler may call send() from inside them.
class DtlsHandler {
 public:
  virtual ~DtlsHandler() = default;

  // Hands a datagram to the network; `bytes` are borrowed for the call.
  virtual void send_datagram(const DatagramPath& path, ByteView bytes) = 0;
  // The handshake succeeded. This and on_message() return how long the association may stay without
  // another call; on_idle(), when that time has come, whether it may stay after all.
  virtual MonoTime on_open(AssociationId id, const DatagramPath& path, MonoTime now) = 0;
  virtual MonoTime on_message(AssociationId id, ByteView message, MonoTime now) = 0;
  virtual std::optional<MonoTime> on_idle(AssociationId id, MonoTime now) = 0;
  // Of those that were opened.
  virtual void on_closed(AssociationId id, DtlsEnd end) = 0;
};

struct DtlsLimits {
  std::size_t associations = 10'000;
  std::size_t associations_per_network = 1000;  // /24, /56; 0: no limit
  std::size_t handshakes = 1000;                // at once
  std::size_t handshakes_per_network = 100;     // 0: no limit
  std::chrono::milliseconds handshake_timeout = std::chrono::seconds{10};

  bool operator==(const DtlsLimits&) const = default;
};

// Written by the worker's thread, readable from any.
struct DtlsCounters {
  RelaxedCounter cookies_sent;
  RelaxedCounter refused;  // with a good cookie, over a limit
  RelaxedCounter ignored;  // datagrams that belong to no association and begin none
  RelaxedCounter handshakes;
  RelaxedCounter open;  // handshakes in progress count
  CounterPer<DtlsEnd> ends;
};

class DtlsClients {
 public:
  // The handler outlives it.
  DtlsClients(DtlsHandler& handler, const DtlsLimits& limits);
  DtlsClients(const DtlsClients&) = delete;
  DtlsClients& operator=(const DtlsClients&) = delete;
  DtlsClients(DtlsClients&&) = delete;
  DtlsClients& operator=(DtlsClients&&) = delete;
  // Without telling anybody.
  ~DtlsClients();

  // To every client, before the end.
  void say_goodbye();

  // Once for each set of settings, before threads share them.
  static void prepare(ssl_ctx_st* context);

  // For associations from now on. Without it datagrams are ignored.
  void set_identity(const TlsContext& datagrams);

  void on_datagram(const DatagramPath& path, ByteView bytes, MonoTime now);

  enum class Sent : std::uint8_t { Yes, TooLong, Closed };

  // One message, in one record of one datagram.
  Sent send(AssociationId id, ByteView message);

  [[nodiscard]] std::optional<MonoTime> next_deadline() const { return deadlines_.next(); }

  void on_deadline(MonoTime now);

  [[nodiscard]] const DtlsCounters& counters() const { return counters_; }

 private:
  class Association;

  void answer_stranger(const DatagramPath& path, ByteView bytes, MonoTime now);
  [[nodiscard]] bool take_place(const IpAddress& client);
  void end_handshake(const IpAddress& client);
  void drive(Association& association, ByteView bytes, MonoTime now);
  void schedule(Association& association, MonoTime now);
  void on_due(Association& association, MonoTime now);
  void finish(Association& association, DtlsEnd end);

  DtlsHandler& handler_;
  DtlsLimits limits_;
  std::optional<TlsContext> context_;
  DtlsCookies cookies_;
  std::unique_ptr<Association> listening_;  // answers those without a cookie, again and again
  std::unordered_map<DatagramPath, std::unique_ptr<Association>> by_path_;
  std::unordered_map<AssociationId, Association*> by_id_;
  DeadlineQueue<AssociationId> deadlines_;
  NetworkCounts networks_;
  NetworkCounts handshaking_networks_;
  std::size_t handshaking_ = 0;
  std::uint64_t last_id_ = 0;
  std::unique_ptr<std::byte[]> record_;  // of the message in progress
  DtlsCounters counters_;
};

}  // namespace icebreaker::net
