#include "signaling/server/front.hpp"

#include <algorithm>

#include "common/base/ascii.hpp"
#include "signaling/server/error_body.hpp"

namespace icebreaker::signaling {

namespace {

// For whoever comes to an instance that cannot take more now.
constexpr std::chrono::seconds kRetry{1};

// Ours are shorter, whichever engine made them.
constexpr std::size_t kLongestSession = 256;

bool is_protocol_route(Route route) {
  return route != Route::Site && route != Route::Health && route != Route::Ready;
}

// RFC 9110 §8.3: parameters follow a semicolon. Beacons are text/plain; no type at all is taken.
bool is_taken(std::string_view content_type) {
  const std::string_view type = trimmed(content_type.substr(0, content_type.find(';')));
  return type.empty() || equal_ignoring_case(type, "application/json") ||
         equal_ignoring_case(type, "text/plain");
}

bool lists_protocol(std::string_view offered) {
  bool found = false;
  for_each_element(offered,
                   [&](std::string_view each) { found = found || each == kWebSocketProtocol; });
  return found;
}

// EventSource waits 3 s or so of itself: then its peers would have been told that it is away.
constexpr std::string_view kStreamStart = "retry: 1000\n\n";

// The JSON of a message has no line breaks.
std::string event_text(const effect::StreamEvent& event) {
  std::string text;
  text.reserve(event.text.size() + 40);
  if (event.id) text.append("id: ").append(std::to_string(*event.id)).append("\n");
  return text.append("data: ").append(event.text).append("\n\n");
}

std::optional<std::string_view> query_view(const HttpRequest& http, std::string_view name) {
  const std::string* const value = http.find_query(name);
  return value == nullptr ? std::nullopt : std::optional<std::string_view>{*value};
}

HttpResponse plain_text(int status, std::string_view text) {
  HttpResponse response{.status = status, .body = std::string{text}};
  response.headers.emplace_back("Content-Type", "text/plain; charset=utf-8");
  response.headers.emplace_back("Cache-Control", "no-store");
  if (status == 503) response.headers.emplace_back("Retry-After", std::to_string(kRetry.count()));
  return response;
}

HttpResponse method_refused(Route route) {
  HttpResponse response = error_response(405, ErrorCode::BadMessage, "not with this method");
  response.headers.emplace_back("Allow", methods_of(route));
  return response;
}

HttpResponse upgrade_required(std::string_view why) {
  HttpResponse response = error_response(426, ErrorCode::BadMessage, std::string{why});
  response.headers.emplace_back("Upgrade", "websocket");
  response.headers.emplace_back("Sec-WebSocket-Version", "13");
  return response;
}

HttpResponse overloaded() {
  return error_response(503, ErrorCode::Unavailable, "this instance has too many connections",
                        kRetry);
}

HttpResponse origin_refused() {
  return error_response(403, ErrorCode::OriginRefused,
                        "pages of this origin may not use this server; see allowed_origins");
}

}  // namespace

Front::Front(FrontConfig config, Hub& hub, EffectQueue& effects, Clock clock,
             service::Logger logger)
    : config_{std::move(config)},
      hub_{hub},
      effects_{effects},
      clock_{std::move(clock)},
      logger_{std::move(logger)} {}

void Front::on_request(ConnectionId request, HttpRequest& http) {
  const RouteMatch match = match_route(http.path);
  if (!is_protocol_route(match.route)) {
    answer(request, match.route, local_response(match.route, http));
    return;
  }
  if (!allows_origin(http)) {
    answer(request, match.route, origin_refused());
    return;
  }
  if (auto response = refusal_of(match, http)) {
    answer(request, match.route, with_cors(*std::move(response), http.origin));
    return;
  }
  if (http.method == Method::Options) {
    HttpResponse response{.status = 204};
    response.headers = config_.origins.preflight_headers(http.origin, methods_of(match.route));
    answer(request, match.route, std::move(response));
    return;
  }
  pending_.emplace(request, Pending{.route = match.route, .origin = http.origin});
  call_hub(request, match, http);
  flush();
}

std::optional<HttpResponse> Front::refusal_of(const RouteMatch& match,
                                              const HttpRequest& http) const {
  if (match.route == Route::Unknown) {
    return error_response(404, ErrorCode::BadMessage, "there is no such path");
  }
  if (!allows(match.route, http.method)) return method_refused(match.route);
  if (http.method == Method::Options) return std::nullopt;
  if (match.session.size() > kLongestSession) {
    return error_response(404, ErrorCode::SessionLost, "there is no such session");
  }
  if (http.load == HttpRequest::Load::Excess) return overloaded();
  if (match.route == Route::Socket) return upgrade_required("this path speaks WebSocket");
  if (http.method == Method::Post && !is_taken(http.content_type)) {
    return error_response(415, ErrorCode::BadMessage, "send application/json or text/plain");
  }
  return std::nullopt;
}

void Front::call_hub(ConnectionId request, const RouteMatch& match, const HttpRequest& http) {
  const Now now = clock_();
  UrlParameters url{.session = match.session,
                    .epoch = query_view(http, "epoch"),
                    .after = query_view(http, "after")};
  // What an EventSource adds when it comes back; its URL is as old as the first time.
  if (match.route == Route::Events && !http.last_event_id.empty()) url.after = http.last_event_id;
  if (match.route == Route::Sessions) {
    hub_.open_session(now, request, client_of(http), http.body);
  } else if (match.route == Route::Session) {
    hub_.close_session(now, request, client_of(http), url);
  } else if (match.route == Route::Events) {
    hub_.events(now, request, client_of(http), url);
  } else if (http.method == Method::Post) {
    hub_.post(now, request, client_of(http), match.session, http.body);
  } else {
    hub_.poll(now, request, client_of(http), url);
  }
}

HttpResponse Front::local_response(Route route, const HttpRequest& http) const {
  if (route == Route::Site) {
    return http.load == HttpRequest::Load::Excess ? overloaded() : config_.site.respond(http);
  }
  if (!allows(route, http.method)) return method_refused(route);
  return route == Route::Ready ? ready_response() : plain_text(200, "ok\n");
}

HttpResponse Front::ready_response() const {
  if (draining_) return plain_text(503, "draining\n");
  if (!config_.state_ready()) return plain_text(503, "the state engine is not available\n");
  return plain_text(200, "ok\n");
}

HttpResponse Front::refuse_body(const HttpRequest& http, HttpResponse refusal) {
  const Route route = match_route(http.path).route;
  if (is_protocol_route(route)) {
    refusal = allows_origin(http) ? with_cors(std::move(refusal), http.origin) : origin_refused();
  }
  count(route, refusal.status);
  return refusal;
}

bool Front::allows_origin(const HttpRequest& http) const {
  return config_.origins.allows(http.origin, config_.proxies.host_of(http));
}

HttpResponse Front::with_cors(HttpResponse response, std::string_view origin) const {
  for (auto& header : config_.origins.cors_headers(origin)) {
    response.headers.push_back(std::move(header));
  }
  return response;
}

void Front::answer(ConnectionId request, Route route, HttpResponse response) {
  count(route, response.status);
  responder_->respond(request, std::move(response));
}

void Front::on_request_gone(ConnectionId request) {
  if (pending_.erase(request) == 0 && streams_.erase(request) == 0) return;
  hub_.on_request_gone(clock_(), request);
  flush();
}

std::optional<HttpResponse> Front::check_upgrade(const HttpRequest& http) {
  const Route route = match_route(http.path).route;
  std::optional<HttpResponse> refusal;
  if (!equal_ignoring_case(http.upgrade, "websocket")) {
    refusal = error_response(400, ErrorCode::BadMessage, "this server upgrades to WebSocket only");
  } else if (route != Route::Socket) {
    refusal = error_response(404, ErrorCode::BadMessage, "WebSocket is at /v1/ws");
  } else if (http.method != Method::Get) {
    refusal = method_refused(route);
  } else if (!allows_origin(http)) {
    refusal = origin_refused();
  } else if (http.websocket_version != "13") {
    refusal = upgrade_required("WebSocket version 13 is spoken here");
  } else if (!lists_protocol(http.websocket_protocols)) {
    refusal = error_response(400, ErrorCode::UnsupportedProtocol,
                             "offer the subprotocol " + std::string{kWebSocketProtocol});
  } else if (http.load == HttpRequest::Load::Excess) {
    refusal = overloaded();
  } else if (draining_) {
    refusal = error_response(503, ErrorCode::Unavailable, "this instance is going away", kRetry);
  }
  if (refusal) count(route, refusal->status);
  return refusal;
}

void Front::on_socket_open(ConnectionId socket, const HttpRequest& http) {
  ClientInfo client = client_of(http);
  logger_.debug("socket opened", {{"connection", socket.value}, {"client", client.address}});
  hub_.on_ws_open(clock_(), socket, std::move(client));
  flush();
}

void Front::on_socket_message(ConnectionId socket, std::string_view text) {
  hub_.on_ws_message(clock_(), socket, text);
  flush();
}

void Front::on_socket_too_large(ConnectionId socket) {
  hub_.on_ws_too_large(clock_(), socket);
  flush();
}

void Front::on_socket_closed(ConnectionId socket) {
  logger_.debug("socket closed", {{"connection", socket.value}});
  hub_.on_ws_closed(clock_(), socket);
  flush();
}

void Front::reconfigure(OriginPolicy origins, TrustedProxies proxies) {
  config_.origins = std::move(origins);
  config_.proxies = std::move(proxies);
}

void Front::on_deadline() {
  hub_.on_deadline(clock_());
  flush();
}

void Front::drain(std::chrono::milliseconds within) {
  draining_ = true;
  hub_.drain(clock_(), within);
  flush();
}

ClientInfo Front::client_of(const HttpRequest& http) const {
  const std::string host = config_.proxies.host_of(http);
  return {.address = config_.proxies.client_of(http), .host = std::string{host_without_port(host)}};
}

void Front::flush() {
  effects_.drain(
      [this](Effect& effect) { std::visit([this](auto& each) { apply(each); }, effect); });
}

void Front::apply(effect::Send& send) {
  responder_->send(send.connection, std::move(send.text));
}

void Front::apply(effect::Close& close) {
  responder_->close(close.connection, {.code = static_cast<std::uint16_t>(close.code),
                                       .reason = std::move(close.reason)});
}

void Front::apply(effect::Respond& respond) {
  const auto pending = take_pending(respond.connection);
  if (!pending) return;
  HttpResponse response = json_response(respond.status, std::move(respond.body));
  if (respond.retry_after) {
    response.headers.emplace_back("Retry-After", std::to_string(respond.retry_after->count()));
  }
  answer(respond.connection, pending->route, with_cors(std::move(response), pending->origin));
}

std::optional<Front::Pending> Front::take_pending(ConnectionId request) {
  auto node = pending_.extract(request);
  return node.empty() ? std::nullopt : std::optional{std::move(node.mapped())};
}

void Front::apply(const effect::OpenStream& open) {
  const auto pending = take_pending(open.connection);
  if (!pending) return;
  HttpResponse head{.headers = {{"Content-Type", "text/event-stream"},
                                {"Cache-Control", "no-store"},
                                {"X-Content-Type-Options", "nosniff"},
                                {"X-Accel-Buffering", "no"}}};  // nginx would keep events back
  head = with_cors(std::move(head), pending->origin);
  count(pending->route, head.status);
  streams_.insert(open.connection);
  responder_->open_stream(open.connection, std::move(head));
  responder_->send_piece(open.connection, std::string{kStreamStart});
}

void Front::apply(const effect::StreamEvent& event) {
  responder_->send_piece(event.connection, event_text(event));
}

void Front::apply(const effect::StreamComment& comment) {
  responder_->send_piece(comment.connection, ":\n\n");
}

void Front::apply(const effect::EndStream& end) {
  streams_.erase(end.connection);
  responder_->end_stream(end.connection);
}

void Front::count(Route route, int status) {
  const auto* const found = std::ranges::find(FrontCounters::kStatuses, status);
  const auto column = static_cast<std::size_t>(found - FrontCounters::kStatuses.begin());
  ++counters_.responses.at(static_cast<std::size_t>(route)).at(column);
}

}  // namespace icebreaker::signaling
