#include "turn/server/server.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>

#include "common/net/local_addresses.hpp"
#include "common/service/command_line.hpp"
#include "common/service/listeners.hpp"
#include "common/service/worker_threads.hpp"
#include "turn/server/metrics.hpp"
#include "turn/server/own_addresses.hpp"
#include "turn/server/stream_metrics.hpp"

namespace icebreaker::turn {
namespace {

using service::StartError;

std::vector<IpAddress> machine_addresses() {
  auto found = net::local_addresses();
  if (!found) throw StartError("cannot list this machine's addresses: " + found.error().message());
  return std::move(*found);
}

std::string date_of(std::chrono::sys_seconds time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss hours{time - day};
  std::array<char, 32> text{};
  const int size = std::snprintf(
      text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(hours.hours().count()), static_cast<int>(hours.minutes().count()),
      static_cast<int>(hours.seconds().count()));
  return {text.data(), static_cast<std::size_t>(size)};
}

// Rounded up; no limit stays none.
std::size_t share_of(std::size_t limit, unsigned workers) {
  return (limit + workers - 1) / workers;
}

std::string list_of(const std::vector<std::string_view>& words) {
  std::string list;
  for (const std::string_view each : words) list.append(list.empty() ? "" : ",").append(each);
  return list;
}

}  // namespace

Server::Server(ServerConfig config, service::Log& log, RandomSource& random)
    : config_{std::move(config)},
      log_sink_{log},
      log_{log, "turn"},
      random_{random},
      quota_{config_.quota},
      drain_{config_.drain},
      machine_addresses_{machine_addresses()},
      relays_{relay_interfaces(config_, machine_addresses_)} {
  random_.fill(nonce_secret_);
  make_shards();
  open_listeners();
  open_metrics();
  make_workers();
  show_certificate(config_);
}

Server::~Server() = default;

void Server::make_shards() {
  StreamClientLimits share = config_.streams;
  share.connections = share_of(share.connections, config_.workers);
  share.connections_per_network = share_of(share.connections_per_network, config_.workers);
  DtlsConfig dtls_share = config_.dtls;
  for (std::size_t net::DtlsLimits::* const each :
       {&net::DtlsLimits::associations, &net::DtlsLimits::associations_per_network,
        &net::DtlsLimits::handshakes, &net::DtlsLimits::handshakes_per_network}) {
    dtls_share.limits.*each = share_of(dtls_share.limits.*each, config_.workers);
  }
  for (unsigned index = 0; index < config_.workers; ++index) {
    auto io = net::EpollIo::create({});
    if (!io) throw StartError("cannot use epoll: " + io.error().message());
    Shard& shard = shards_.emplace_back();
    shard.io = std::move(*io);
    shard.counters = std::make_unique<WorkerCounters>();
    shard.streams = std::make_unique<StreamClients>(*shard.io, share, log_sink_);
    shard.dtls = std::make_unique<DtlsLinks>(*shard.io, dtls_share);
  }
}

void Server::open_listeners() {
  for (service::Listener& each : service::usable_listeners(config_.listeners, log_)) {
    for (Shard& shard : shards_) {
      each.address = open_listener(shard, each);  // the first worker's choice of a port
    }
    log_listening(each);
    bound_.push_back(each.address);
  }
}

void Server::log_listening(const service::Listener& listener) {
  const auto transport = name_of(listener.transport);
  if (is_datagram(listener.transport)) {
    const Shard& first = shards_.front();
    // What the kernel granted: with a small one, datagrams are lost while a worker is busy.
    const std::size_t granted = first.io->receive_buffer_bytes(first.listeners.back().socket);
    log_.info("listening", {{"transport", transport},
                            {"address", listener.address},
                            {"receive_buffer_bytes", granted}});
  } else {
    log_.info("listening", {{"transport", transport}, {"address", listener.address}});
  }
  listening_.append(listening_.empty() ? "" : ",")
      .append(transport)
      .append(":")
      .append(listener.address.to_string());
}

SocketAddress Server::open_listener(Shard& shard, const service::Listener& listener) {
  const auto refuse = [&](const std::error_code& error) {
    return StartError(service::listen_error(listener.transport, listener.address, error));
  };
  if (!is_datagram(listener.transport)) {
    const auto bound = shard.streams->listen(listener);
    if (!bound) throw refuse(bound.error());
    return *bound;
  }
  const auto opened = shard.io->open(listener.address, net::PortSharing::ReusePort);
  if (!opened) throw refuse(opened.error());
  shard.listeners.push_back({opened->id, listener.transport});
  return opened->local;
}

void Server::open_metrics() {
  if (!config_.metrics) return;
  std::vector<WorkerSources> sources;
  sources.reserve(shards_.size());
  for (const Shard& shard : shards_) {
    sources.push_back({.counters = shard.counters.get(),
                       .io = &shard.io->counters(),
                       .clients = &shard.streams->counters(),
                       .streams = &shard.streams->streams(),
                       .dtls = &shard.dtls->counters()});
  }
  auto endpoint = service::MetricsEndpoint::start(
      *config_.metrics,
      [this, sources] {
        auto families = collect_metrics(sources);
        add_certificate(certificate_expiry_s_.load(std::memory_order_relaxed), families);
        return families;
      },
      [this]() -> std::optional<std::string> {
        if (serving_.load(std::memory_order_relaxed)) return std::nullopt;
        return "draining, or not started yet";
      });
  if (!endpoint) throw StartError(endpoint.error());
  metrics_ = std::move(*endpoint);
  bound_.push_back(metrics_->address());
  log_.info("listening", {{"transport", "metrics"}, {"address", metrics_->address()}});
}

void Server::make_workers() {
  const RelayConfig relay_config{.interfaces = relays_, .ports = config_.relay_ports};
  for (Shard& shard : shards_) {
    const WorkerParts parts{.io = *shard.io,
                            .listeners = shard.listeners,
                            .streams = *shard.streams,
                            .dtls = *shard.dtls,
                            .fast_path = fast_path_,
                            .random = random_,
                            .quota = quota_,
                            .reservations = reservations_,
                            .counters = *shard.counters,
                            .log = log_sink_};
    shard.worker = std::make_unique<Worker>(parts, relay_config, rules_of(config_));
  }
}

WorkerRules Server::rules_of(const ServerConfig& config) const {
  const PeerPolicy policy{{.allow = config.peers_allow,
                           .deny = config.peers_deny,
                           .relays = relays_,
                           .relay_ports = config_.relay_ports,
                           .own_endpoints = own_endpoints(bound_, machine_addresses_, relays_)}};
  const Authenticator authenticator =
      config.access == Access::Anybody
          ? Authenticator::anonymous(config.credentials.realm)
          : Authenticator{Credentials{config.credentials}, nonce_secret_};
  return {{authenticator, policy, config.limits}, config.tls};
}

void Server::show_certificate(const ServerConfig& config) {
  if (!config.tls) return;
  const auto& [streams, datagrams, subject, not_after] = *config.tls;
  using std::chrono::floor;
  const auto until = floor<std::chrono::seconds>(not_after);
  certificate_expiry_s_ = until.time_since_epoch().count();
  const auto left = until - WallTime::clock::now();
  const auto days = floor<std::chrono::days>(left).count();
  const std::string date = date_of(until);
  constexpr int kSoonDays = 14;
  if (left.count() < 0) {
    log_.warn("the certificate has expired", {{"subject", subject}, {"not_after", date}});
  } else if (days < kSoonDays) {
    log_.warn("the certificate expires soon",
              {{"subject", subject}, {"not_after", date}, {"days_left", days}});
  } else {
    log_.info("certificate", {{"subject", subject}, {"not_after", date}, {"days_left", days}});
  }
}

void Server::run(service::Lifecycle& lifecycle, const std::function<ServerConfig()>& read) {
  std::vector<Worker*> workers;
  workers.reserve(shards_.size());
  for (const Shard& shard : shards_) workers.push_back(shard.worker.get());
  service::WorkerThreads threads{std::move(workers)};
  serving_ = true;
  log_ready();
  lifecycle.notify_ready("relaying");
  const auto alive = [&threads] { return threads.all_turned(); };
  lifecycle.run({.reload = [&] { reload(read); }, .alive = alive});

  serving_ = false;
  lifecycle.notify_stopping();
  log_.info("stopping");
  drain(lifecycle, alive);
}

void Server::drain(service::Lifecycle& lifecycle, const std::function<bool()>& alive) {
  const AlternateServers alternates{.v4 = drain_.alternate_v4, .v6 = drain_.alternate_v6};
  for (const Shard& shard : shards_) shard.worker->drain(alternates);
  const auto live = live_allocations();
  if (live > 0 && drain_.within.count() > 0) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(drain_.within).count();
    log_.info(
        "draining",
        {{"allocations", live}, {"seconds", seconds}, {"hint", "SIGTERM again ends at once"}});
  }
  const auto end = lifecycle.drain({.within = drain_.within,
                                    .done = [this] { return live_allocations() == 0; },
                                    .alive = alive});
  log_.info("stopped", {{"drain", name_of(end)}, {"allocations", live_allocations()}});
}

std::uint64_t Server::live_allocations() const {
  std::uint64_t live = 0;
  for (const Shard& shard : shards_) live += shard.counters->allocations;
  return live;
}

void Server::log_ready() const {
  std::string relay;
  for (const RelayInterface& each : relays_) {
    relay += (relay.empty() ? "" : ",") + each.bound.to_string();
    if (each.external != each.bound) relay += "=" + each.external.to_string();
  }
  const std::string ports =
      std::to_string(config_.relay_ports.first) + "-" + std::to_string(config_.relay_ports.last);
  log_.info("ready", {{"listen", listening_},
                      {"relay", relay},
                      {"ports", ports},
                      {"realm", config_.credentials.realm},
                      {"users", config_.credentials.users.size()},
                      {"secrets", config_.credentials.rest_secrets.size()},
                      {"workers", shards_.size()}});
  if (config_.access == Access::Anybody) {
    log_.warn("anybody may use this relay (--insecure-anonymous)");
  }
}

void Server::reload(const std::function<ServerConfig()>& read) {
  try {
    ServerConfig config = read();
    config.access = config_.access;
    if (config.access == Access::Credentials && !authenticates_somebody(config)) {
      log_.error("reload refused: it would leave no users and no secrets");
      return;
    }
    for (Shard& shard : shards_) shard.worker->reconfigure(rules_of(config));
    show_certificate(config);
    quota_.set_limits(config.quota);
    drain_ = config.drain;
    log_sink_.set_level(config.log_level);
    const auto unchanged = settings_that_need_a_restart(config_, config);
    if (!unchanged.empty()) {
      log_.warn("these settings are different in the file and change at the next start only",
                {{"settings", list_of(unchanged)}});
    }
    log_.info("reloaded", {{"users", config.credentials.users.size()},
                           {"secrets", config.credentials.rest_secrets.size()}});
  } catch (const service::ConfigError& error) {
    log_.error("reload refused, the old configuration stays in force", {{"error", error.what()}});
  }
}

}  // namespace icebreaker::turn
