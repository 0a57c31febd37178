#include "stun/server/counters.hpp"

#include <array>
#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace icebreaker::stun {
namespace {

using service::Label;
using service::MetricFamily;
using service::MetricType;

using Workers = std::span<const WorkerCounters>;

std::string_view name_of(StreamEnd end) {
  static constexpr auto kNames =
      std::to_array<std::string_view>({"by_peer", "failed", "timeout", "not_stun", "not_reading"});
  static_assert(kNames.size() == static_cast<std::size_t>(StreamEnd::Count));
  return kNames.at(static_cast<std::size_t>(end));
}

template <class Count>
double sum(Workers workers, const Count& count) {
  std::uint64_t total = 0;
  for (const WorkerCounters& each : workers) total += count(each);
  return static_cast<double>(total);
}

void add(MetricFamily& family, std::vector<Label> labels, double value) {
  family.samples.push_back({.labels = std::move(labels), .value = value, .buckets = {}});
}

MetricFamily messages(Workers workers) {
  MetricFamily family{"icebreaker_stun_messages_total",
                      "Messages received, by transport and by what became of them.",
                      MetricType::Counter,
                      {}};
  const auto add_transport = [&](std::string_view transport, auto member) {
    for (std::size_t i = 0; i < static_cast<std::size_t>(Outcome::Count); ++i) {
      const auto outcome = static_cast<Outcome>(i);
      add(family,
          {{"transport", std::string{transport}}, {"outcome", std::string{name_of(outcome)}}},
          sum(workers, [&](const WorkerCounters& each) { return (each.*member)->of(outcome); }));
    }
  };
  add_transport("udp", &WorkerCounters::udp_messages);
  add_transport("tcp", &WorkerCounters::tcp_messages);
  return family;
}

MetricFamily connection_ends(Workers workers) {
  MetricFamily family{"icebreaker_stun_tcp_connections_closed_total",
                      "TCP connections closed, by reason.",
                      MetricType::Counter,
                      {}};
  for (std::size_t i = 0; i < static_cast<std::size_t>(StreamEnd::Count); ++i) {
    const auto end = static_cast<StreamEnd>(i);
    add(family, {{"reason", std::string{name_of(end)}}},
        sum(workers, [end](const WorkerCounters& each) { return each.tcp_ends->of(end); }));
  }
  return family;
}

MetricFamily batch_sizes(Workers workers) {
  SizeTotals totals;
  for (const WorkerCounters& each : workers) totals.add(each.datagrams->receive_batch_sizes);
  return {"icebreaker_stun_udp_receive_batch_size",
          "Datagrams in each batch received.",
          MetricType::Histogram,
          {service::histogram_sample({}, totals)}};
}

struct Plain {
  const char* name;
  const char* help;
  MetricType type;
  std::function<std::uint64_t(const WorkerCounters&)> count;
};

std::vector<Plain> plain_metrics() {
  using W = WorkerCounters;
  constexpr auto kCounter = MetricType::Counter;
  return {
      {"icebreaker_stun_udp_received_packets_total", "Datagrams received.", kCounter,
       [](const W& w) { return std::uint64_t{w.datagrams->received_packets}; }},
      {"icebreaker_stun_udp_received_bytes_total", "Bytes of datagrams received.", kCounter,
       [](const W& w) { return std::uint64_t{w.datagrams->received_bytes}; }},
      {"icebreaker_stun_udp_receive_batches_total", "Wake-ups that brought datagrams.", kCounter,
       [](const W& w) { return std::uint64_t{w.datagrams->receive_batches}; }},
      {"icebreaker_stun_udp_receive_drops_total", "Datagrams cut short or without usable address.",
       kCounter, [](const W& w) { return std::uint64_t{w.datagrams->receive_drops}; }},
      {"icebreaker_stun_udp_kernel_drops_total",
       "Datagrams lost for want of room in a receive buffer.", kCounter,
       [](const W& w) { return std::uint64_t{w.datagrams->kernel_drops}; }},
      {"icebreaker_stun_udp_sent_packets_total", "Datagrams sent.", kCounter,
       [](const W& w) { return std::uint64_t{w.datagrams->sent_packets}; }},
      {"icebreaker_stun_udp_sent_bytes_total", "Bytes of datagrams sent.", kCounter,
       [](const W& w) { return std::uint64_t{w.datagrams->sent_bytes}; }},
      {"icebreaker_stun_udp_send_failures_total", "Datagrams that the kernel refused to send.",
       kCounter, [](const W& w) { return std::uint64_t{w.datagrams->send_failures}; }},
      {"icebreaker_stun_tcp_connections", "TCP connections open.", MetricType::Gauge,
       [](const W& w) { return std::uint64_t{w.streams->open}; }},
      {"icebreaker_stun_tcp_connections_accepted_total", "TCP connections accepted.", kCounter,
       [](const W& w) { return std::uint64_t{w.streams->accepted}; }},
      {"icebreaker_stun_tcp_connections_refused_total",
       "TCP connections refused: over the limit or out of descriptors.", kCounter,
       [](const W& w) { return std::uint64_t{w.streams->refused}; }},
      {"icebreaker_stun_tcp_received_bytes_total", "Bytes received over TCP.", kCounter,
       [](const W& w) { return std::uint64_t{w.streams->received_bytes}; }},
      {"icebreaker_stun_tcp_sent_bytes_total", "Bytes sent over TCP.", kCounter,
       [](const W& w) { return std::uint64_t{w.streams->sent_bytes}; }},
  };
}

}  // namespace

service::MetricFamilies metrics_of(std::span<const WorkerCounters> workers) {
  service::MetricFamilies families = service::process_metrics();
  families.push_back(messages(workers));
  for (const Plain& each : plain_metrics()) {
    families.push_back(
        service::single_metric(each.name, each.help, each.type, sum(workers, each.count)));
  }
  families.push_back(batch_sizes(workers));
  families.push_back(connection_ends(workers));
  families.push_back(service::single_metric("icebreaker_stun_workers", "Worker threads.",
                                            MetricType::Gauge,
                                            static_cast<double>(workers.size())));
  return families;
}

}  // namespace icebreaker::stun
