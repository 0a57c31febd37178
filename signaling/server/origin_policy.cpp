#include "signaling/server/origin_policy.hpp"

#include <algorithm>

#include "common/base/ascii.hpp"

namespace icebreaker::signaling {

namespace {

struct OriginParts {
  std::string_view scheme;
  std::string_view authority;
};

OriginParts split(std::string_view origin) {
  const auto separator = origin.find("://");
  if (separator == std::string_view::npos) return {};
  return {.scheme = origin.substr(0, separator), .authority = origin.substr(separator + 3)};
}

// Browsers leave the default port out of Origin; a proxy may put it into the host.
std::string_view without_default_port(std::string_view authority, std::string_view scheme) {
  const std::string_view port = scheme == "https" ? ":443" : ":80";
  if (authority.ends_with(port)) authority.remove_suffix(port.size());
  return authority;
}

}  // namespace

OriginPolicy::OriginPolicy(std::vector<std::string> allowed_origins)
    : allowed_{std::move(allowed_origins)} {
  any_ = std::ranges::find(allowed_, "*") != allowed_.end();
}

bool OriginPolicy::allows(std::string_view origin, std::string_view own_host) const {
  if (origin.empty() || any_) return true;
  const auto [scheme, authority] = split(origin);
  if (authority.empty()) return false;  // "null": a sandboxed page or a file
  // The scheme is not compared: behind a proxy that ends TLS the server cannot know its own.
  if (equal_ignoring_case(without_default_port(authority, scheme),
                          without_default_port(own_host, scheme))) {
    return true;
  }
  return std::ranges::any_of(allowed_, [&](const std::string& allowed) {
    const auto parts = split(allowed);
    return equal_ignoring_case(parts.scheme, scheme) &&
           equal_ignoring_case(without_default_port(parts.authority, scheme),
                               without_default_port(authority, scheme));
  });
}

OriginPolicy::Headers OriginPolicy::cors_headers(std::string_view origin) const {
  Headers headers;
  if (!origin.empty()) {
    headers.emplace_back("Access-Control-Allow-Origin", any_ ? "*" : std::string{origin});
    headers.emplace_back("Access-Control-Expose-Headers", "Retry-After");
  }
  if (!any_) headers.emplace_back("Vary", "Origin");
  return headers;
}

OriginPolicy::Headers OriginPolicy::preflight_headers(std::string_view origin,
                                                      std::string_view methods) const {
  Headers headers = cors_headers(origin);
  headers.emplace_back("Allow", methods);
  if (!origin.empty()) {
    headers.emplace_back("Access-Control-Allow-Methods", methods);
    headers.emplace_back("Access-Control-Allow-Headers",
                         "Content-Type, Authorization, Last-Event-ID");
    headers.emplace_back("Access-Control-Max-Age", "7200");
  }
  return headers;
}

bool is_origin(std::string_view text) {
  if (text == "*") return true;
  const auto [scheme, authority] = split(text);
  return !scheme.empty() && !authority.empty() &&
         authority.find_first_of("/?#@* \t") == std::string_view::npos;
}

}  // namespace icebreaker::signaling
