#include "stun/server/server.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/service/command_line.hpp"
#include "common/service/listeners.hpp"
#include "common/service/metrics_endpoint.hpp"
#include "common/service/worker_threads.hpp"
#include "stun/server/counters.hpp"
#include "stun/server/worker.hpp"

namespace icebreaker::stun {
namespace {

using Workers = std::vector<std::unique_ptr<Worker>>;

Listening listen(const service::Listener& listener, const Workers& workers) {
  Listening first{listener.address, 0};
  for (const auto& worker : workers) {
    // With port 0 the first worker's choice is everyone's.
    const auto listening = worker->listen(listener.transport, first.address);
    if (!listening) {
      throw service::StartError(
          service::listen_error(listener.transport, first.address, listening.error()));
    }
    first = *listening;
  }
  return first;
}

// Returns the listeners for the `ready` line.
std::string listen_all(const ServerConfig& config, const Workers& workers,
                       const service::Logger& logger) {
  std::string names;
  for (const service::Listener& each : service::usable_listeners(config.listeners, logger)) {
    const auto transport = name_of(each.transport);
    const Listening listening = listen(each, workers);
    const std::string address = listening.address.to_string();
    if (is_datagram(each.transport)) {
      logger.info("listening", {{"transport", transport},
                                {"address", address},
                                {"receive_buffer_bytes", listening.receive_buffer_bytes}});
    } else {
      logger.info("listening", {{"transport", transport}, {"address", address}});
    }
    names.append(names.empty() ? "" : ",").append(transport).append(":").append(address);
  }
  return names;
}

Workers make_workers(const ServerConfig& config) {
  TcpLimits share = config.tcp;
  share.connections = (config.tcp.connections + config.workers - 1) / config.workers;
  Workers workers;
  for (unsigned i = 0; i < config.workers; ++i) {
    auto worker = Worker::create(share);
    if (!worker) {
      throw service::StartError("cannot set up a worker: " + worker.error().message() +
                                "; raise the limit of open files, or lower `workers`");
    }
    workers.push_back(std::move(*worker));
  }
  return workers;
}

std::unique_ptr<service::MetricsEndpoint> start_metrics(const SocketAddress& address,
                                                        const Workers& workers,
                                                        const service::Logger& logger) {
  std::vector<WorkerCounters> counters;
  for (const auto& each : workers) counters.push_back(each->counters());
  auto endpoint = service::MetricsEndpoint::start(
      address, [counters = std::move(counters)] { return metrics_of(counters); },
      [] { return std::optional<std::string>{}; });
  if (!endpoint) throw service::StartError(endpoint.error());
  logger.info("listening", {{"transport", "metrics"}, {"address", (*endpoint)->address()}});
  return std::move(*endpoint);
}

std::vector<Worker*> pointers_to(const Workers& workers) {
  std::vector<Worker*> pointers;
  for (const auto& each : workers) pointers.push_back(each.get());
  return pointers;
}

}  // namespace

int serve(const ServerConfig& config, service::Log& log, service::Lifecycle& lifecycle,
          const std::function<void()>& reload) {
  const service::Logger logger{log, "stun"};
  const Workers workers = make_workers(config);
  const std::string listeners = listen_all(config, workers, logger);
  std::unique_ptr<service::MetricsEndpoint> metrics;
  if (config.metrics) metrics = start_metrics(*config.metrics, workers, logger);
  {
    service::WorkerThreads threads{pointers_to(workers)};
    logger.info(
        "ready",
        {{"listen", listeners}, {"workers", workers.size()}, {"version", ICEBREAKER_VERSION}});
    lifecycle.notify_ready("serving");
    lifecycle.run({.reload = reload, .alive = [&threads] { return threads.all_turned(); }});
    lifecycle.notify_stopping();
    logger.info("stopping");
  }
  logger.info("stopped");
  return service::kExitClean;
}

}  // namespace icebreaker::stun
