// Which web origins may use the server, on WebSocket and HTTP alike, and the CORS headers that say
// so.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "signaling/server/http.hpp"

namespace icebreaker::signaling {

class OriginPolicy {
 public:
  // Empty: same origin only. "*" alone: any. Otherwise exact origins ("https://example.org:8443").
  explicit OriginPolicy(std::vector<std::string> allowed_origins);

  // `own_host` is the host (and port) under which the client reached the server. A request without
  // Origin comes from no web page and is allowed.
  [[nodiscard]] bool allows(std::string_view origin, std::string_view own_host) const;

  using Headers = std::vector<std::pair<std::string, std::string>>;

  // For every answer to an allowed request, refusals by the routes included.
  [[nodiscard]] Headers cors_headers(std::string_view origin) const;
  // For the answer to OPTIONS.
  [[nodiscard]] Headers preflight_headers(std::string_view origin, std::string_view methods) const;

 private:
  bool any_ = false;
  std::vector<std::string> allowed_;
};

// False for what cannot be an origin of a web page: no scheme, a path, a wildcard inside.
bool is_origin(std::string_view text);

}  // namespace icebreaker::signaling
