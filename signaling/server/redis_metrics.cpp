#include "signaling/server/redis_metrics.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace icebreaker::signaling {
namespace {

using service::MetricFamily;
using service::MetricType;

MetricFamily family_of(MetricType type, std::string_view name, std::string_view help) {
  return {.name = "icebreaker_signal_state_" + std::string{name},
          .help = std::string{help},
          .type = type,
          .samples = {}};
}

MetricFamily single(MetricType type, std::string_view name, std::string_view help,
                    std::uint64_t value) {
  MetricFamily family = family_of(type, name, help);
  family.samples.push_back({.labels = {}, .value = static_cast<double>(value), .buckets = {}});
  return family;
}

}  // namespace

void add_redis_metrics(service::MetricFamilies& out, const RedisLinkStats& stats) {
  using enum MetricType;
  out.push_back(single(Gauge, "up", "1 while Redis is connected and proven.", stats.up ? 1 : 0));
  out.push_back(single(Gauge, "pending_calls", "Calls waiting for Redis.", stats.pending_calls));
  out.push_back(single(Counter, "connects_total", "Times that the connection to Redis came up.",
                       stats.connects));
  out.push_back(single(Counter, "failed_connects_total", "Attempts to connect that failed.",
                       stats.failed_attempts));

  MetricFamily errors =
      family_of(Counter, "errors_total", "Failed calls and connections, by kind of trouble.");
  for (std::size_t i = 0; i < stats.errors.size(); ++i) {
    errors.samples.push_back(
        {.labels = {{.name = "kind", .value = std::string{name_of(static_cast<Trouble>(i))}}},
         .value = static_cast<double>(stats.errors.at(i)),
         .buckets = {}});
  }
  out.push_back(std::move(errors));

  MetricFamily calls = family_of(Histogram, "call_seconds", "From call to answer, by script.");
  for (std::size_t i = 0; i < stats.calls.size(); ++i) {
    calls.samples.push_back(service::histogram_sample(
        {{.name = "script", .value = std::string{name_of(static_cast<Script>(i))}}},
        stats.calls.at(i)));
  }
  out.push_back(std::move(calls));
}

}  // namespace icebreaker::signaling
