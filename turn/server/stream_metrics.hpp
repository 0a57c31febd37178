// Metrics of the clients that do not come over plain UDP.
#pragma once

#include <cstdint>

#include "common/service/metrics.hpp"
#include "turn/server/metric_sums.hpp"

namespace icebreaker::turn {

void add_stream_metrics(const Workers& workers, service::MetricFamilies& families);

void add_dtls_metrics(const Workers& workers, service::MetricFamilies& families);

// Unix time; 0: there is none.
void add_certificate(std::int64_t expiry_s, service::MetricFamilies& families);

}  // namespace icebreaker::turn
