#include "turn/server/stream_metrics.hpp"

#include "turn/server/stream_clients.hpp"

namespace icebreaker::turn {
namespace {

double sum_streams(const Workers& workers, RelaxedCounter net::StreamCounters::* member) {
  return sum(workers,
             [member](const WorkerSources& each) { return std::uint64_t{each.streams->*member}; });
}

}  // namespace

void add_stream_metrics(const Workers& workers, service::MetricFamilies& families) {
  const auto add = [&](std::string_view name, std::string_view help,
                       RelaxedCounter net::StreamCounters::* member) {
    families.push_back(counter(name, help, {sample({}, sum_streams(workers, member))}));
  };
  families.push_back({.name = "icebreaker_turn_connections",
                      .help = "Connections of clients that are open now.",
                      .type = service::MetricType::Gauge,
                      .samples = {sample({}, sum_streams(workers, &net::StreamCounters::open))}});
  add("connections_total", "Connections of clients accepted.", &net::StreamCounters::accepted);
  add("connections_received_bytes_total", "Bytes received over connections.",
      &net::StreamCounters::received_bytes);
  add("connections_sent_bytes_total", "Bytes sent over connections.",
      &net::StreamCounters::sent_bytes);
  const auto refused = [&](std::string_view reason, RelaxedCounter net::StreamCounters::* member) {
    return sample({{"reason", std::string{reason}}}, sum_streams(workers, member));
  };
  families.push_back(counter("connections_refused_total", "Connections refused, by reason.",
                             {refused("limit", &net::StreamCounters::refused),
                              refused("network-limit", &net::StreamCounters::refused_network)}));
  families.push_back(
      counter("connections_closed_total", "Connections of clients that ended, by reason.",
              per_name_of<StreamEnd>(workers, "reason", 0, [](const WorkerSources& each) -> auto& {
                return each.clients->ends;
              })));
  add("tls_handshakes_total", "TLS handshakes that succeeded.", &net::StreamCounters::handshakes);
  families.push_back(counter(
      "connections_failed_total", "Connections that ended before their first message, by reason.",
      per_name_of<net::OpeningFailure>(
          workers, "reason", 0,
          [](const WorkerSources& each) -> auto& { return each.streams->opening_failures; })));
}

void add_dtls_metrics(const Workers& workers, service::MetricFamilies& families) {
  const auto total = [&](RelaxedCounter net::DtlsCounters::* member) {
    return sum(workers,
               [member](const WorkerSources& each) { return std::uint64_t{each.dtls->*member}; });
  };
  const auto add = [&](std::string_view name, std::string_view help,
                       RelaxedCounter net::DtlsCounters::* member) {
    families.push_back(counter(name, help, {sample({}, total(member))}));
  };
  families.push_back({.name = "icebreaker_turn_dtls_associations",
                      .help = "DTLS associations that are open or in their handshake now.",
                      .type = service::MetricType::Gauge,
                      .samples = {sample({}, total(&net::DtlsCounters::open))}});
  add("dtls_handshakes_total", "DTLS handshakes that succeeded.", &net::DtlsCounters::handshakes);
  add("dtls_cookies_total", "ClientHellos without a good cookie.",
      &net::DtlsCounters::cookies_sent);
  add("dtls_refused_total", "DTLS associations refused for a limit.", &net::DtlsCounters::refused);
  add("dtls_ignored_total", "Datagrams of no association, which begin none.",
      &net::DtlsCounters::ignored);
  families.push_back(counter(
      "dtls_closed_total", "DTLS associations that ended, by reason.",
      per_name_of<net::DtlsEnd>(workers, "reason", 0, [](const WorkerSources& each) -> auto& {
        return each.dtls->ends;
      })));
}

void add_certificate(std::int64_t expiry_s, service::MetricFamilies& families) {
  if (expiry_s == 0) return;
  families.push_back(service::single_metric(
      "icebreaker_turn_certificate_expiry_timestamp_seconds", "When the certificate expires.",
      service::MetricType::Gauge, static_cast<double>(expiry_s)));
}

}  // namespace icebreaker::turn
