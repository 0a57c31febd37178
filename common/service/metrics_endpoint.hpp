// GET /metrics, /healthz and /readyz over HTTP on a private address, on a thread of its own.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/base/address.hpp"
#include "common/service/metrics.hpp"

namespace icebreaker::service {

// Nothing when the server can take work, otherwise why it cannot.
using NotReadyReason = std::function<std::optional<std::string>()>;

class MetricsEndpoint {
 public:
  // The callbacks run on the endpoint's thread. Port 0 lets the kernel choose. The error says what
  // went wrong with which address.
  static std::expected<std::unique_ptr<MetricsEndpoint>, std::string> start(
      const SocketAddress& address, CollectMetrics collect, NotReadyReason not_ready);

  MetricsEndpoint(const MetricsEndpoint&) = delete;
  MetricsEndpoint& operator=(const MetricsEndpoint&) = delete;
  MetricsEndpoint(MetricsEndpoint&&) = delete;
  MetricsEndpoint& operator=(MetricsEndpoint&&) = delete;
  // At once; no callback runs afterwards.
  ~MetricsEndpoint();

  [[nodiscard]] const SocketAddress& address() const;

 private:
  struct Impl;
  explicit MetricsEndpoint(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace icebreaker::service
