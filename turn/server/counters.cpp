#include "turn/server/counters.hpp"

#include <algorithm>

namespace icebreaker::turn {

void WorkerCounters::count(const Handled& handled) {
  const auto method = std::ranges::find(kCountedMethods, handled.method);
  if (method == kCountedMethods.end()) return;
  MethodCounters& counters = methods.at(static_cast<std::size_t>(method - kCountedMethods.begin()));
  ++counters.handled;
  if (handled.auth != AuthFailure::None) auth_failures.count(handled.auth);
  if (handled.refused_by != PeerRule::Allowed) {
    refused_peers.count(handled.refused_by);
  }
  if (handled.quota) quota_refusals.count(*handled.quota);
  if (!handled.error) return;
  const auto error = std::ranges::find(kCountedErrors, *handled.error);
  if (error == kCountedErrors.end()) return;
  ++counters.errors.at(static_cast<std::size_t>(error - kCountedErrors.begin()));
}

}  // namespace icebreaker::turn
