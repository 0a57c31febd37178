// The numbers of the Redis link as metrics.
#pragma once

#include "common/service/metrics.hpp"
#include "signaling/state/redis/link_stats.hpp"

namespace icebreaker::signaling {

void add_redis_metrics(service::MetricFamilies& out, const RedisLinkStats& stats);

}  // namespace icebreaker::signaling
