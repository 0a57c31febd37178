// Sums over the workers, as samples of the relay's metrics.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/counter_per.hpp"
#include "common/service/metrics.hpp"
#include "turn/server/metrics.hpp"

namespace icebreaker::turn {

using Workers = std::vector<WorkerSources>;

// `value` takes a WorkerSources and yields a count.
template <class Value>
double sum(const Workers& workers, Value value) {
  std::uint64_t total = 0;
  for (const WorkerSources& each : workers) total += std::uint64_t{value(each)};
  return static_cast<double>(total);
}

inline service::MetricSample sample(std::vector<service::Label> labels, double value) {
  return {.labels = std::move(labels), .value = value, .buckets = {}};
}

inline service::MetricFamily counter(std::string_view name, std::string_view help,
                                     std::vector<service::MetricSample> samples) {
  return {.name = "icebreaker_turn_" + std::string{name},
          .help = std::string{help},
          .type = service::MetricType::Counter,
          .samples = std::move(samples)};
}

// One sample for each enumerator past the first `skipped`, which mean "nothing happened". `counts`
// takes a WorkerSources and yields a CounterPer<Enum>.
template <class Enum, class Counts>
std::vector<service::MetricSample> per_name_of(const Workers& workers, std::string_view label,
                                               std::size_t skipped, Counts counts) {
  std::vector<service::MetricSample> samples;
  for (std::size_t index = skipped; index < static_cast<std::size_t>(Enum::Count); ++index) {
    const auto enumerator = static_cast<Enum>(index);
    const double value =
        sum(workers, [&](const WorkerSources& each) { return counts(each).of(enumerator); });
    const auto name = name_of(enumerator);
    samples.push_back(sample({{std::string{label}, std::string{name}}}, value));
  }
  return samples;
}

template <class Enum>
std::vector<service::MetricSample> per_name(const Workers& workers, std::string_view label,
                                            CounterPer<Enum> WorkerCounters::* member,
                                            std::size_t skipped) {
  return per_name_of<Enum>(workers, label, skipped, [member](const WorkerSources& each) -> auto& {
    return each.counters->*member;
  });
}

}  // namespace icebreaker::turn
