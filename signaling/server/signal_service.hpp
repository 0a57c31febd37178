// The life of one icebreaker-signal process on its libuv loop: start, serve, reload, drain, end.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "common/base/random.hpp"
#include "common/net/uv_handles.hpp"
#include "common/service/lifecycle.hpp"
#include "common/service/log.hpp"
#include "common/service/metrics_endpoint.hpp"
#include "signaling/server/config.hpp"
#include "signaling/server/front.hpp"
#include "signaling/server/signal_metrics.hpp"
#include "signaling/server/token_verifier.hpp"
#include "signaling/server/web_server.hpp"

namespace icebreaker::signaling {

struct SignalParts {
  uv_loop_t* loop;
  State& state;
  std::string state_name;  // for the log, without secrets
  std::function<std::optional<RedisLinkStats>()> redis_stats;
  RandomSource& random;
  service::Lifecycle& lifecycle;
  service::Log& log;
  Front::Clock clock;
  // The configuration read anew; throws service::ConfigError. Sets the log's level.
  std::function<SignalConfig()> reload;
};

class SignalService {
 public:
  // Everything in `parts` outlives the service. Throws service::StartError.
  SignalService(SignalConfig config, SignalParts parts);

  // Until a Stop and the end of the drain.
  void run();

 private:
  void start_web();
  void start_metrics();
  void on_turn();
  void on_lifecycle();
  void on_reload();
  void reload_hub(const HubConfig& fresh);
  void on_stop();
  void watch_readiness();
  [[nodiscard]] std::string listen_url() const;
  void schedule_deadline();
  void finish_when_drained();

  SignalConfig config_;
  SignalParts parts_;
  service::Logger logger_;
  ConfiguredIceServers ice_;
  JwtVerifier tokens_;
  EffectQueue effects_;
  Hub hub_;
  Front front_;
  SignalMetrics metrics_;
  // Why /readyz says no; the metrics endpoint's threads read it.
  std::mutex unready_mutex_;
  std::optional<std::string> unready_{"starting"};
  bool was_ready_ = false;
  std::uint64_t turns_ = 0;
  bool lingering_ = false;
  std::unique_ptr<WebServer> web_;
  // They use what is above, so they end first.
  net::UvPrepare turn_;
  net::UvTimer deadline_;
  net::UvTimer drain_end_;
  net::UvTimer linger_end_;
  net::UvTimer watchdog_;
  net::UvPoll lifecycle_poll_;
  std::unique_ptr<service::MetricsEndpoint> endpoint_;
};

}  // namespace icebreaker::signaling
