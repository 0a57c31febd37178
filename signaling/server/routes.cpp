#include "signaling/server/routes.hpp"

namespace icebreaker::signaling {

namespace {

constexpr std::string_view kSessions = "/v1/sessions";

RouteMatch match_below_sessions(std::string_view rest) {
  const auto slash = rest.find('/');
  const std::string_view session = rest.substr(0, slash);
  if (session.empty()) return {.route = Route::Unknown, .session = {}};
  if (slash == std::string_view::npos) return {.route = Route::Session, .session = session};
  if (rest.substr(slash) == "/messages") return {.route = Route::Messages, .session = session};
  if (rest.substr(slash) == "/events") return {.route = Route::Events, .session = session};
  return {.route = Route::Unknown, .session = {}};
}

}  // namespace

RouteMatch match_route(std::string_view path) {
  if (path == "/healthz") return {.route = Route::Health, .session = {}};
  if (path == "/readyz") return {.route = Route::Ready, .session = {}};
  if (path == "/v1/ws") return {.route = Route::Socket, .session = {}};
  if (path == kSessions) return {.route = Route::Sessions, .session = {}};
  if (path.starts_with(kSessions) && path.substr(kSessions.size()).starts_with('/')) {
    return match_below_sessions(path.substr(kSessions.size() + 1));
  }
  if (path == "/v1" || path.starts_with("/v1/")) return {.route = Route::Unknown, .session = {}};
  return {};
}

std::string_view methods_of(Route route) {
  switch (route) {
    case Route::Health:
    case Route::Ready:
    case Route::Site:
      return "GET, HEAD";
    case Route::Socket:
    case Route::Events:
      return "GET, OPTIONS";
    case Route::Sessions:
      return "POST, OPTIONS";
    case Route::Session:
      return "DELETE, OPTIONS";
    case Route::Messages:
      return "GET, POST, OPTIONS";
    case Route::Unknown:
      return "";
  }
  return "";
}

bool allows(Route route, Method method) {
  const std::string_view methods = methods_of(route);
  const auto at = methods.find(name_of(method));
  return at != std::string_view::npos;
}

std::string_view name_of(Route route) {
  switch (route) {
    case Route::Site:
      return "site";
    case Route::Health:
      return "healthz";
    case Route::Ready:
      return "readyz";
    case Route::Socket:
      return "ws";
    case Route::Sessions:
      return "sessions";
    case Route::Session:
      return "session";
    case Route::Messages:
      return "messages";
    case Route::Events:
      return "events";
    case Route::Unknown:
      return "unknown";
  }
  return "unknown";
}

}  // namespace icebreaker::signaling
