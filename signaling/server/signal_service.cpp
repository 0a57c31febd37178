#include "signaling/server/signal_service.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <uv.h>

#include "common/service/command_line.hpp"
#include "signaling/server/web_root.hpp"

namespace icebreaker::signaling {

namespace {

// What goaway promises, of the whole drain; the rest is for the last close handshakes.
constexpr int kGoawayPercent = 75;

// Random secrets last as long as the process, reloads included.
SignalConfig with_token_secrets(SignalConfig config, RandomSource& random) {
  if (!config.hub.token_secrets.empty()) return config;
  std::array<std::byte, 32> secret{};
  random.fill(secret);
  config.hub.token_secrets.emplace_back(text_of(secret));
  return config;
}

std::string joined(const std::vector<std::string_view>& names) {
  std::string all;
  for (const std::string_view name : names) all.append(all.empty() ? "" : ", ").append(name);
  return all;
}

StaticSite load_site(const std::string& web_root, const service::Logger& logger) {
  const auto folder = find_web_root(web_root);
  if (!folder) return {};
  auto site = StaticSite::load(*folder);
  if (!site) {
    throw service::StartError("cannot serve the web client: " + site.error() +
                              "; set web_root to its folder or to \"off\"");
  }
  logger.info("web client loaded", {{"folder", folder->string()},
                                    {"files", site->file_count()},
                                    {"bytes", site->total_bytes()}});
  return *std::move(site);
}

WebServerConfig web_config_of(const SignalConfig& config) {
  WebServerConfig web{.listen = config.listen,
                      .certificate_file = config.certificate_file,
                      .key_file = config.key_file};
  web.body_bytes = config.hub.limits.body_bytes;
  web.message_bytes = config.hub.limits.message_bytes;
  web.outbox_bytes = 4 * (config.hub.limits.mailbox_bytes + config.hub.limits.message_bytes);
  web.ping = config.hub.ping;
  web.connections = config.connections;
  web.request_time = config.request_time;
  return web;
}

}  // namespace

SignalService::SignalService(SignalConfig config, SignalParts parts)
    : config_{with_token_secrets(std::move(config), parts.random)},
      parts_{std::move(parts)},
      logger_{parts_.log, "signal"},
      ice_{config_.ice},
      tokens_{config_.tokens},
      hub_{config_.hub,
           {.state = parts_.state,
            .ice = ice_,
            .tokens = tokens_,
            .random = parts_.random,
            .out = effects_}},
      front_{{.origins = OriginPolicy{config_.allowed_origins},
              .proxies = TrustedProxies{config_.trusted_proxies},
              .site = load_site(config_.web_root, logger_),
              .state_ready =
                  [this] { return !parts_.state.unready_reason(parts_.clock()).has_value(); }},
             hub_,
             effects_,
             parts_.clock,
             logger_} {
  for (const std::string& warning : config_.warnings) logger_.warn(warning);
  start_web();
  start_metrics();
}

void SignalService::start_web() {
  auto web = WebServer::start(parts_.loop, web_config_of(config_), front_, logger_);
  if (!web) throw service::StartError(web.error());
  web_ = *std::move(web);
  front_.connect(*web_);
  deadline_.start(parts_.loop, [this] { front_.on_deadline(); });
  drain_end_.start(parts_.loop, [this] { uv_stop(parts_.loop); });
  linger_end_.start(parts_.loop, [this] { lingering_ = false; });
  turn_.start(parts_.loop, [this] { on_turn(); });
  lifecycle_poll_.start(parts_.loop, parts_.lifecycle.fd(), [this] { on_lifecycle(); });
  if (const auto period = parts_.lifecycle.watchdog_period()) {
    watchdog_.start(parts_.loop, [this, period = *period] {
      parts_.lifecycle.feed_watchdog();
      watchdog_.set(period);
    });
    watchdog_.set(*period);
  }
  const std::string_view transport = config_.certificate_file.empty() ? "http" : "https";
  logger_.info("listening", {{"transport", transport}, {"address", web_->address()}});
}

void SignalService::start_metrics() {
  if (!config_.metrics) return;
  auto endpoint = service::MetricsEndpoint::start(
      *config_.metrics, [this] { return metrics_.collect(); },
      [this] {
        const std::lock_guard lock{unready_mutex_};
        return unready_;
      });
  if (!endpoint) throw service::StartError(endpoint.error());
  endpoint_ = *std::move(endpoint);
  logger_.info("listening", {{"transport", "metrics"}, {"address", endpoint_->address()}});
}

void SignalService::run() {
  watch_readiness();
  // Also without the state: a service manager that waits for it would only restart the server.
  if (unready_) parts_.lifecycle.notify_ready("not ready: " + *unready_);
  uv_run(parts_.loop, UV_RUN_DEFAULT);
  logger_.info("stopped");
}

std::string SignalService::listen_url() const {
  return (config_.certificate_file.empty() ? "http:" : "https:") + web_->address().to_string();
}

// Without its state a server runs, answers 503 and is not ready.
void SignalService::watch_readiness() {
  std::optional<std::string> reason =
      front_.draining() ? "draining" : parts_.state.unready_reason(parts_.clock());
  if (!reason && unready_) {
    logger_.info(was_ready_ ? "ready again" : "ready",
                 {{"listen", listen_url()}, {"state", parts_.state_name}});
    was_ready_ = true;
    parts_.lifecycle.notify_ready("serving " + listen_url());
  } else if (reason && !unready_ && !front_.draining()) {
    logger_.warn("not ready", {{"why", *reason}});
    parts_.lifecycle.notify_ready("not ready: " + *reason);
  }
  const std::lock_guard lock{unready_mutex_};
  unready_ = std::move(reason);
}

// Before each wait of the loop: what this turn changed becomes visible and is timed.
void SignalService::on_turn() {
  front_.flush();
  watch_readiness();
  schedule_deadline();
  metrics_.publish({.hub = hub_.counters(),
                    .web = web_->counters(),
                    .front = front_.counters(),
                    .receives = {hub_.receives(Transport::WebSocket),
                                 hub_.receives(Transport::Poll), hub_.receives(Transport::Events)},
                    .redis = parts_.redis_stats(),
                    .open_connections = web_->open_count(),
                    .tcp_connections = web_->connection_count(),
                    .loop_turns = ++turns_});
  if (front_.draining()) finish_when_drained();
}

void SignalService::schedule_deadline() {
  const auto next = hub_.next_deadline();
  if (!next) {
    deadline_.stop();
    return;
  }
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(*next - parts_.clock().mono);
  deadline_.set(std::max(wait, std::chrono::milliseconds{0}));
}

void SignalService::on_lifecycle() {
  while (const auto event = parts_.lifecycle.poll()) {
    if (*event == service::LifecycleEvent::Stop) on_stop();
    if (*event == service::LifecycleEvent::Reload) on_reload();
  }
}

void SignalService::on_reload() {
  parts_.lifecycle.notify_reloading();
  try {
    const SignalConfig fresh = parts_.reload();
    ice_.reconfigure(fresh.ice);
    tokens_.reconfigure(fresh.tokens);
    front_.reconfigure(OriginPolicy{fresh.allowed_origins}, TrustedProxies{fresh.trusted_proxies});
    reload_hub(fresh.hub);
    for (const std::string& warning : fresh.warnings) logger_.warn(warning);
    logger_.info(
        "reloaded: log level, ICE servers, access tokens, origins, proxies, resume token secrets, "
        "rates and rooms");
    const auto later = settings_that_need_a_restart(config_, fresh);
    if (!later.empty()) {
      logger_.warn("these settings changed and need a restart", {{"settings", joined(later)}});
    }
  } catch (const service::ConfigError& error) {
    logger_.error("the configuration stays as it was", {{"why", error.what()}});
  }
  parts_.lifecycle.notify_ready("serving");
}

void SignalService::reload_hub(const HubConfig& fresh) {
  HubConfig& hub = config_.hub;
  hub.access = fresh.access;
  hub.opens_per_minute = fresh.opens_per_minute;
  hub.joins_per_minute = fresh.joins_per_minute;
  hub.matches_per_minute = fresh.matches_per_minute;
  hub.messages_per_second = fresh.messages_per_second;
  hub.messages_per_second_per_address = fresh.messages_per_second_per_address;
  hub.default_capacity = fresh.default_capacity;
  hub.token_lifetime = fresh.token_lifetime;
  if (!fresh.token_secrets.empty()) hub.token_secrets = fresh.token_secrets;
  hub_.reconfigure(hub);
}

void SignalService::on_stop() {
  if (front_.draining()) {
    logger_.warn("stopping at once");
    uv_stop(parts_.loop);
    return;
  }
  parts_.lifecycle.notify_stopping();
  logger_.info("stopping", {{"connections", web_->open_count()}});
  // Still accepting: what a late balancer brings is answered, and told to go elsewhere.
  web_->drain();
  front_.drain(config_.drain.within * kGoawayPercent / 100);
  drain_end_.set(config_.drain.within);
  lingering_ = config_.drain.linger.count() > 0;
  if (lingering_) linger_end_.set(config_.drain.linger);
}

void SignalService::finish_when_drained() {
  if (web_->open_count() == 0 && !lingering_) uv_stop(parts_.loop);
}

}  // namespace icebreaker::signaling
