// Which route of the protocol page a path is, and what may be done there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "signaling/server/http.hpp"

namespace icebreaker::signaling {

enum class Route : std::uint8_t {
  Site,      // everything else: the web client
  Health,    // /healthz
  Ready,     // /readyz
  Socket,    // /v1/ws
  Sessions,  // /v1/sessions
  Session,   // /v1/sessions/{session}
  Messages,  // /v1/sessions/{session}/messages
  Events,    // /v1/sessions/{session}/events
  Unknown,   // below /v1/
};
inline constexpr std::size_t kRouteCount = 9;

struct RouteMatch {
  Route route = Route::Site;
  std::string_view session;  // a view of the path
};

RouteMatch match_route(std::string_view path);

// For Allow and CORS: "GET, POST, OPTIONS".
std::string_view methods_of(Route route);
bool allows(Route route, Method method);

// As labels.
std::string_view name_of(Route route);

}  // namespace icebreaker::signaling
