#include "turn/server/metrics.hpp"

#include <string>
#include <string_view>
#include <utility>

#include "turn/server/metric_sums.hpp"
#include "turn/server/stream_metrics.hpp"

namespace icebreaker::turn {
namespace {

using service::MetricSample;
using service::MetricType;

void add_allocations(const Workers& workers, service::MetricFamilies& families) {
  const auto gauge = [&](const std::string& name, const std::string& help,
                         RelaxedCounter WorkerCounters::* member) {
    const double now =
        sum(workers, [member](const auto& each) { return std::uint64_t{each.counters->*member}; });
    families.push_back({.name = "icebreaker_turn_" + name,
                        .help = help,
                        .type = MetricType::Gauge,
                        .samples = {sample({}, now)}});
  };
  gauge("allocations", "Allocations that live now.", &WorkerCounters::allocations);
  gauge("permissions", "Permissions that live now.", &WorkerCounters::permissions);
  gauge("channels", "Channels that are bound now.", &WorkerCounters::channels);
  const double made =
      sum(workers, [](const auto& each) { return std::uint64_t{each.counters->allocations_made}; });
  families.push_back(counter("allocations_total", "Allocations made.", {sample({}, made)}));
  families.push_back(counter("allocations_ended_total",
                             "Allocations that ended, by what became of them.",
                             per_name<AllocationUse>(workers, "use", &WorkerCounters::uses, 0)));
  families.push_back(counter("relay_port_failures_total",
                             "Allocations refused for want of a relay port.",
                             {sample({}, sum(workers, [](const auto& each) {
                                       return std::uint64_t{each.counters->relay_port_failures};
                                     }))}));
}

void add_traffic(const Workers& workers, service::MetricFamilies& families) {
  std::vector<MetricSample> packets;
  std::vector<MetricSample> bytes;
  const auto add = [&](const char* direction, DirectionCounters WorkerCounters::* member) {
    packets.push_back(sample({{"direction", direction}}, sum(workers, [&](const auto& each) {
                               return std::uint64_t{(each.counters->*member).packets};
                             })));
    bytes.push_back(sample({{"direction", direction}}, sum(workers, [&](const auto& each) {
                             return std::uint64_t{(each.counters->*member).bytes};
                           })));
  };
  add("to_peer", &WorkerCounters::to_peers);
  add("to_client", &WorkerCounters::to_clients);
  families.push_back(
      counter("relayed_packets_total", "Packets relayed, by direction.", std::move(packets)));
  families.push_back(
      counter("relayed_bytes_total", "Payload bytes relayed, by direction.", std::move(bytes)));
}

void add_requests(const Workers& workers, service::MetricFamilies& families) {
  std::vector<MetricSample> requests;
  std::vector<MetricSample> errors;
  for (std::size_t method = 0; method < kCountedMethods.size(); ++method) {
    const std::string name{name_of(kCountedMethods.at(method))};
    requests.push_back(sample({{"method", name}}, sum(workers, [&](const auto& each) {
                                return std::uint64_t{each.counters->methods.at(method).handled};
                              })));
    for (std::size_t error = 0; error < kCountedErrors.size(); ++error) {
      const auto code = static_cast<unsigned>(kCountedErrors.at(error));
      const double count = sum(workers, [&](const auto& each) {
        return std::uint64_t{each.counters->methods.at(method).errors.at(error)};
      });
      if (count == 0) continue;  // most pairs cannot happen
      errors.push_back(sample({{"method", name}, {"code", std::to_string(code)}}, count));
    }
  }
  families.push_back(
      counter("requests_total", "Requests answered, by method.", std::move(requests)));
  families.push_back(
      counter("errors_total", "Error replies, by method and code.", std::move(errors)));
}

void add_refusals(const Workers& workers, service::MetricFamilies& families) {
  families.push_back(counter("client_drops_total", "Datagrams of clients dropped, by reason.",
                             per_name<Drop>(workers, "reason", &WorkerCounters::client_drops, 0)));
  families.push_back(counter("peer_drops_total", "Datagrams of peers dropped, by reason.",
                             per_name<Drop>(workers, "reason", &WorkerCounters::peer_drops, 0)));
  families.push_back(
      counter("auth_failures_total", "Requests not authenticated, by reason.",
              per_name<AuthFailure>(workers, "reason", &WorkerCounters::auth_failures, 1)));
  families.push_back(
      counter("refused_peers_total", "Permissions and channels refused, by rule.",
              per_name<PeerRule>(workers, "rule", &WorkerCounters::refused_peers, 1)));
  families.push_back(
      counter("quota_refusals_total", "Allocations refused because a limit is reached, by limit.",
              per_name<QuotaRefusal>(workers, "limit", &WorkerCounters::quota_refusals, 0)));
}

void add_authentication_time(const Workers& workers, service::MetricFamilies& families) {
  constexpr double kSecondsPerMicrosecond = 1e-6;
  SizeTotals totals;
  for (const WorkerSources& each : workers) totals.add(each.counters->authentication_us);
  std::vector<double> bounds;
  for (const double bound : SizeTotals::bounds()) bounds.push_back(bound * kSecondsPerMicrosecond);
  families.push_back({.name = "icebreaker_turn_authentication_seconds",
                      .help = "Time for a request with credentials; the check of its signature is "
                              "nearly all of it.",
                      .type = MetricType::Histogram,
                      .samples = {service::histogram_sample(
                          {}, bounds, totals.counts(), totals.sum() * kSecondsPerMicrosecond)}});
}

void add_io(const Workers& workers, service::MetricFamilies& families) {
  const auto add = [&](std::string_view name, std::string_view help,
                       RelaxedCounter net::IoCounters::* member) {
    const double total = sum(
        workers, [member](const WorkerSources& each) { return std::uint64_t{each.io->*member}; });
    families.push_back(counter(name, help, {sample({}, total)}));
  };
  add("received_datagrams_total", "Datagrams received.", &net::IoCounters::received_packets);
  add("received_bytes_total", "Bytes received.", &net::IoCounters::received_bytes);
  add("receive_batches_total", "Batches that datagrams were received in.",
      &net::IoCounters::receive_batches);
  add("receive_drops_total", "Datagrams received and unusable.", &net::IoCounters::receive_drops);
  add("sent_datagrams_total", "Datagrams sent.", &net::IoCounters::sent_packets);
  add("sent_bytes_total", "Bytes sent.", &net::IoCounters::sent_bytes);
  add("send_batches_total", "Batches that datagrams were sent in.", &net::IoCounters::send_batches);
  add("send_failures_total", "Datagrams that the kernel refused to send.",
      &net::IoCounters::send_failures);
  add("kernel_drops_total", "Datagrams lost for want of room in a receive buffer.",
      &net::IoCounters::kernel_drops);
}

void add_io_sizes(const Workers& workers, service::MetricFamilies& families) {
  const auto add = [&](std::string_view name, std::string_view help,
                       SizeCounts net::IoCounters::* member) {
    SizeTotals totals;
    for (const WorkerSources& each : workers) totals.add(each.io->*member);
    families.push_back({.name = "icebreaker_turn_" + std::string{name},
                        .help = std::string{help},
                        .type = MetricType::Histogram,
                        .samples = {service::histogram_sample({}, totals)}});
  };
  add("receive_batch_size", "Datagrams in each batch received.",
      &net::IoCounters::receive_batch_sizes);
  add("received_aggregate_size", "Datagrams that the kernel handed over as one (UDP_GRO).",
      &net::IoCounters::received_aggregates);
  add("sent_aggregate_size", "Datagrams that the kernel was handed as one (UDP_SEGMENT).",
      &net::IoCounters::sent_aggregates);
}

}  // namespace

service::MetricFamilies collect_metrics(const std::vector<WorkerSources>& workers) {
  service::MetricFamilies families = service::process_metrics();
  add_allocations(workers, families);
  add_traffic(workers, families);
  add_requests(workers, families);
  add_refusals(workers, families);
  add_authentication_time(workers, families);
  add_io(workers, families);
  add_io_sizes(workers, families);
  add_stream_metrics(workers, families);
  add_dtls_metrics(workers, families);
  return families;
}

}  // namespace icebreaker::turn
