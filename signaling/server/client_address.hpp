// Who a request comes from and which host it was sent to, when proxies stand in between.
#pragma once

#include <string>
#include <vector>

#include "common/base/address.hpp"
#include "signaling/server/http.hpp"

namespace icebreaker::signaling {

class TrustedProxies {
 public:
  explicit TrustedProxies(std::vector<Cidr> networks) : networks_{std::move(networks)} {}

  // The TCP peer, or behind trusted proxies the right-most address of X-Forwarded-For that is not
  // one of them: everything further left was written by whoever sits there and proves nothing.
  [[nodiscard]] IpAddress client_of(const HttpRequest& request) const;

  // Host, or the X-Forwarded-Host of a trusted proxy.
  [[nodiscard]] std::string host_of(const HttpRequest& request) const;

  [[nodiscard]] bool trusts(const IpAddress& ip) const;

 private:
  std::vector<Cidr> networks_;
};

// Without the port; brackets of IPv6 are kept: "example.org:8080" → "example.org".
std::string_view host_without_port(std::string_view host);

}  // namespace icebreaker::signaling
