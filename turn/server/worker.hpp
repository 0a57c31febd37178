// One thread of the relay: its own listeners, relay sockets and allocations, shared with nobody.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "common/base/random.hpp"
#include "common/base/time.hpp"
#include "common/base/transport.hpp"
#include "common/net/datagram_io.hpp"
#include "common/service/log.hpp"
#include "common/service/worker_threads.hpp"
#include "turn/core/relay.hpp"
#include "turn/server/client_links.hpp"
#include "turn/server/counters.hpp"
#include "turn/server/dtls_links.hpp"
#include "turn/server/ended_allocation_log.hpp"
#include "turn/server/fast_path.hpp"
#include "turn/server/refusal_log.hpp"
#include "turn/server/relay_sockets.hpp"
#include "turn/server/send_arena.hpp"

namespace icebreaker::turn {

struct DatagramListener {
  net::SocketId socket;
  Transport transport = Transport::Udp;  // which recognises Dtls once there is a certificate
};

// Everything outlives the worker.
struct WorkerParts {
  net::DatagramIo& io;
  std::vector<DatagramListener> listeners;  // of io, open already
  ClientLinks& streams;
  DtlsLinks& dtls;
  FastPath& fast_path;
  RandomSource& random;
  Quota& quota;
  Reservations& reservations;
  WorkerCounters& counters;
  service::Log& log;
};

// What a reload replaces.
struct WorkerRules {
  RelayRules relay;
  std::optional<net::TlsIdentity> tls;  // nothing: as before
};

class Worker final : private LinkReceiver {
 public:
  Worker(const WorkerParts& parts, const RelayConfig& config, WorkerRules rules);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  Worker(Worker&&) = delete;
  Worker& operator=(Worker&&) = delete;
  ~Worker() override = default;

  // Serves until stop(), then ends every allocation.
  void run();

  // Any thread.
  void stop();
  void reconfigure(WorkerRules rules);
  // Makes no allocation from now on.
  void drain(const AlternateServers& alternates);

  // Any one thread: true if the loop turned since the last call, which also makes it turn.
  [[nodiscard]] bool turned();

 private:
  void on_message(Now now, const FiveTuple& from, ByteView message) override;
  void on_link_closed(Now now, const FiveTuple& client) override;
  [[nodiscard]] bool has_allocation(const FiveTuple& client, MonoTime now) override;

  [[nodiscard]] std::optional<MonoTime> next_deadline() const;
  void on_datagram(Now now, const net::Datagram& datagram);
  void on_client_datagram(Now now, Transport transport, const net::Datagram& datagram);
  void on_peer_datagram(Now now, RelayId relay, const net::Datagram& datagram);
  void on_path_error(Now now, const net::PathError& error);
  void send_to_peer(const ToPeer& forward, std::uint8_t traffic_class);
  ClientVerdict serve(Now now, const FiveTuple& from, ByteView bytes);
  [[nodiscard]] ClientLinks& links_of(LinkId link) const;
  void send_to_link(const ToClient& forward);
  void finish(Now now, const ClientVerdict& verdict, const SocketAddress& client);
  void take_new_rules();
  void set_identity(const net::TlsIdentity& identity);

  void apply_effects(Now now);
  void apply(Now now, const effect::Reply& reply);
  void apply(Now now, const effect::OpenRelay& open);
  void apply(Now now, const effect::CloseRelay& close);
  void apply(Now now, const effect::BindChannel& bind);
  void apply(Now now, const effect::UnbindChannel& unbind);
  void apply(Now now, const effect::AllocationEnded& ended);

  net::DatagramIo& io_;
  std::vector<DatagramListener> listeners_;
  ClientLinks& streams_;
  DtlsLinks& dtls_;
  FastPath& fast_path_;
  WorkerCounters& counters_;
  service::Logger log_;
  RefusalLog refusal_log_;
  EndedAllocationLog ended_log_;
  RelaySockets sockets_;
  Relay relay_;
  SendArena arena_;
  Effects effects_;

  service::LoopTurns turns_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> has_new_rules_{false};
  std::mutex new_rules_mutex_;
  std::optional<WorkerRules> new_rules_;
  std::optional<AlternateServers> new_drain_;
};

}  // namespace icebreaker::turn
