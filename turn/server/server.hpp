// icebreaker-turn as a whole: opens everything, runs one thread per worker, and takes new rules
// while it runs.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/net/epoll_io.hpp"
#include "common/service/lifecycle.hpp"
#include "common/service/log.hpp"
#include "common/service/metrics_endpoint.hpp"
#include "turn/core/nonce.hpp"
#include "turn/server/config.hpp"
#include "turn/server/counters.hpp"
#include "turn/server/fast_path.hpp"
#include "turn/server/shared_quota.hpp"
#include "turn/server/shared_reservations.hpp"
#include "turn/server/stream_clients.hpp"
#include "turn/server/worker.hpp"

namespace icebreaker::turn {

class Server {
 public:
  // Listeners, metrics endpoint and workers; throws service::StartError. `log` and `random` (which
  // any thread may use) outlive the server.
  Server(ServerConfig config, service::Log& log, RandomSource& random);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  Server(Server&&) = delete;
  Server& operator=(Server&&) = delete;
  ~Server();

  // Serves until the lifecycle says stop. `read` reads the configuration anew for a reload and
  // throws service::ConfigError.
  void run(service::Lifecycle& lifecycle, const std::function<ServerConfig()>& read);

 private:
  struct Shard {
    std::unique_ptr<net::EpollIo> io;
    std::vector<DatagramListener> listeners;
    std::unique_ptr<WorkerCounters> counters;
    std::unique_ptr<StreamClients> streams;
    std::unique_ptr<DtlsLinks> dtls;
    std::unique_ptr<Worker> worker;
  };

  void make_shards();
  void open_listeners();
  SocketAddress open_listener(Shard& shard, const service::Listener& listener);
  void log_listening(const service::Listener& listener);
  void open_metrics();
  void make_workers();
  void log_ready() const;
  void drain(service::Lifecycle& lifecycle, const std::function<bool()>& alive);
  [[nodiscard]] std::uint64_t live_allocations() const;
  void reload(const std::function<ServerConfig()>& read);
  [[nodiscard]] WorkerRules rules_of(const ServerConfig& config) const;
  void show_certificate(const ServerConfig& config);

  ServerConfig config_;
  service::Log& log_sink_;
  service::Logger log_;
  RandomSource& random_;
  SharedQuota quota_;
  DrainConfig drain_;
  SharedReservations reservations_;
  NoFastPath fast_path_;
  NonceSecret nonce_secret_{};
  std::vector<IpAddress> machine_addresses_;
  std::vector<RelayInterface> relays_;
  std::string listening_;             // for the `ready` line
  std::vector<SocketAddress> bound_;  // listeners and metrics

  std::vector<Shard> shards_;
  std::atomic<bool> serving_{false};
  std::atomic<std::int64_t> certificate_expiry_s_{0};  // Unix time; 0: no certificate
  std::unique_ptr<service::MetricsEndpoint> metrics_;
};

}  // namespace icebreaker::turn
