// Between the web and the hub: routes, origins and refusals that never reach the hub, and the hub's
// effects back onto connections. Reader's path: WebServer -> Front -> Hub -> effects -> WebServer.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "common/service/log.hpp"
#include "signaling/core/hub.hpp"
#include "signaling/server/client_address.hpp"
#include "signaling/server/origin_policy.hpp"
#include "signaling/server/responder.hpp"
#include "signaling/server/routes.hpp"
#include "signaling/server/static_site.hpp"
#include "signaling/server/web_handler.hpp"

namespace icebreaker::signaling {

// Effects wait here until the hub has returned.
class EffectQueue final : public EffectSink {
 public:
  void emit(Effect effect) override { effects_.push_back(std::move(effect)); }

  // In order: what comes while `apply` runs, or a drain inside it, waits for what is due already.
  template <class Apply>
  void drain(Apply&& apply) {
    if (draining_) return;
    draining_ = true;
    while (!effects_.empty()) {
      std::swap(effects_, due_);
      for (Effect& effect : due_) apply(effect);
      due_.clear();
      if (due_.capacity() > kKept) due_ = {};
    }
    draining_ = false;
  }

 private:
  static constexpr std::size_t kKept = 64;

  std::vector<Effect> effects_;
  std::vector<Effect> due_;  // only its room is kept
  bool draining_ = false;
};

struct FrontConfig {
  OriginPolicy origins;
  TrustedProxies proxies;
  StaticSite site;
  // For /readyz, whose reader may be anybody: details are for the log and the metrics address.
  std::function<bool()> state_ready;
};

struct FrontCounters {
  static constexpr std::array kStatuses{200, 201, 202, 204, 304, 400, 401, 403, 404, 405,
                                        408, 409, 410, 411, 413, 415, 426, 429, 503};
  // By Route, then by index of kStatuses; the last column is any other.
  std::array<std::array<std::uint64_t, kStatuses.size() + 1>, kRouteCount> responses{};
};

class Front final : public WebHandler {
 public:
  using Clock = std::function<Now()>;

  // All references outlive the front. `effects` is the sink that the hub was made with.
  Front(FrontConfig config, Hub& hub, EffectQueue& effects, Clock clock, service::Logger logger);

  // Once, before anything else.
  void connect(Responder& responder) { responder_ = &responder; }

  void on_request(ConnectionId request, HttpRequest& http) override;
  HttpResponse refuse_body(const HttpRequest& http, HttpResponse refusal) override;
  void on_request_gone(ConnectionId request) override;
  std::optional<HttpResponse> check_upgrade(const HttpRequest& http) override;
  void on_socket_open(ConnectionId socket, const HttpRequest& http) override;
  void on_socket_message(ConnectionId socket, std::string_view text) override;
  void on_socket_too_large(ConnectionId socket) override;
  void on_socket_closed(ConnectionId socket) override;

  // Holds for requests from here on.
  void reconfigure(OriginPolicy origins, TrustedProxies proxies);

  void on_deadline();
  // Carries out what the hub did outside of a call from here: answers of the state engine.
  void flush();
  // No new sessions and sockets; see Hub::drain.
  void drain(std::chrono::milliseconds within);

  [[nodiscard]] bool draining() const { return draining_; }

  [[nodiscard]] const FrontCounters& counters() const { return counters_; }

 private:
  struct Pending {
    Route route = Route::Site;
    std::string origin;
  };

  std::optional<HttpResponse> refusal_of(const RouteMatch& match, const HttpRequest& http) const;
  void call_hub(ConnectionId request, const RouteMatch& match, const HttpRequest& http);
  [[nodiscard]] HttpResponse local_response(Route route, const HttpRequest& http) const;
  [[nodiscard]] HttpResponse ready_response() const;
  [[nodiscard]] ClientInfo client_of(const HttpRequest& http) const;
  void answer(ConnectionId request, Route route, HttpResponse response);
  [[nodiscard]] bool allows_origin(const HttpRequest& http) const;
  [[nodiscard]] HttpResponse with_cors(HttpResponse response, std::string_view origin) const;
  void apply(effect::Send& send);
  void apply(effect::Close& close);
  void apply(effect::Respond& respond);
  void apply(const effect::OpenStream& open);
  void apply(const effect::StreamEvent& event);
  void apply(const effect::StreamComment& comment);
  void apply(const effect::EndStream& end);
  // The request as it was when the hub took it, which it has no more; nothing: hung up meanwhile.
  std::optional<Pending> take_pending(ConnectionId request);
  void count(Route route, int status);

  FrontConfig config_;
  Hub& hub_;
  EffectQueue& effects_;
  Clock clock_;
  service::Logger logger_;
  Responder* responder_ = nullptr;
  std::unordered_map<ConnectionId, Pending> pending_;  // requests that the hub has
  std::unordered_set<ConnectionId> streams_;
  bool draining_ = false;
  FrontCounters counters_;
};

}  // namespace icebreaker::signaling
