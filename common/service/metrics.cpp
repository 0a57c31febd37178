#include "common/service/metrics.hpp"

#include <limits>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

namespace icebreaker::service {
namespace {

prometheus::MetricType type_of(MetricType type) {
  switch (type) {
    case MetricType::Counter:
      return prometheus::MetricType::Counter;
    case MetricType::Gauge:
      return prometheus::MetricType::Gauge;
    case MetricType::Histogram:
      return prometheus::MetricType::Histogram;
  }
  return prometheus::MetricType::Untyped;
}

prometheus::ClientMetric metric_of(MetricType type, const MetricSample& sample) {
  prometheus::ClientMetric metric;
  for (const Label& each : sample.labels) metric.label.push_back({each.name, each.value});
  if (type == MetricType::Counter) metric.counter.value = sample.value;
  if (type == MetricType::Gauge) metric.gauge.value = sample.value;
  if (type == MetricType::Histogram) {
    metric.histogram.sample_sum = sample.value;
    for (const HistogramBucket& each : sample.buckets) {
      metric.histogram.bucket.push_back({each.cumulative_count, each.upper_bound});
    }
    if (!sample.buckets.empty()) {
      metric.histogram.sample_count = sample.buckets.back().cumulative_count;
    }
  }
  return metric;
}

}  // namespace

MetricFamily single_metric(std::string name, std::string help, MetricType type, double value) {
  return {std::move(name), std::move(help), type, {{.labels = {}, .value = value, .buckets = {}}}};
}

MetricSample histogram_sample(std::vector<Label> labels, std::span<const double> bounds,
                              std::span<const std::uint64_t> counts, double sum) {
  MetricSample sample{.labels = std::move(labels), .value = sum, .buckets = {}};
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    cumulative += counts[i];
    const double bound = i < bounds.size() ? bounds[i] : std::numeric_limits<double>::infinity();
    sample.buckets.push_back({.upper_bound = bound, .cumulative_count = cumulative});
  }
  return sample;
}

std::string exposition_of(const MetricFamilies& families) {
  std::vector<prometheus::MetricFamily> converted;
  for (const MetricFamily& family : families) {
    prometheus::MetricFamily& added = converted.emplace_back();
    added.name = family.name;
    added.help = family.help;
    added.type = type_of(family.type);
    for (const MetricSample& each : family.samples) {
      added.metric.push_back(metric_of(family.type, each));
    }
  }
  return prometheus::TextSerializer{}.Serialize(converted);
}

}  // namespace icebreaker::service
