// Metrics as plain values and their Prometheus text form. Servers gather families at scrape time
// from their own counters; nothing here is touched per packet.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace icebreaker::service {

enum class MetricType : std::uint8_t { Counter, Gauge, Histogram };

struct Label {
  std::string name;
  std::string value;
};

struct HistogramBucket {
  double upper_bound = 0;              // infinity for the last one
  std::uint64_t cumulative_count = 0;  // of observations at or below upper_bound
};

struct MetricSample {
  std::vector<Label> labels;
  double value = 0;                      // counters and gauges; a histogram's sum
  std::vector<HistogramBucket> buckets;  // histograms only
};

struct MetricFamily {
  std::string name;
  std::string help;
  MetricType type = MetricType::Counter;
  std::vector<MetricSample> samples;
};

// A counter or gauge without labels.
MetricFamily single_metric(std::string name, std::string help, MetricType type, double value);

// Of a common/base/histogram.hpp; `counts` has one more than `bounds`.
MetricSample histogram_sample(std::vector<Label> labels, std::span<const double> bounds,
                              std::span<const std::uint64_t> counts, double sum);

template <class Histogram>
MetricSample histogram_sample(std::vector<Label> labels, const Histogram& histogram) {
  return histogram_sample(std::move(labels), histogram.bounds(), histogram.counts(),
                          histogram.sum());
}

using MetricFamilies = std::vector<MetricFamily>;

// Called on the metrics endpoint's thread.
using CollectMetrics = std::function<MetricFamilies()>;

// Prometheus text exposition format 0.0.4.
std::string exposition_of(const MetricFamilies& families);

// process_resident_memory_bytes, process_open_fds, process_cpu_seconds_total, … of this process;
// for the collector of a server to begin with.
MetricFamilies process_metrics();

}  // namespace icebreaker::service
