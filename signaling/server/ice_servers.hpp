// The ICE servers that clients are told, with TURN credentials that live for a while.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "signaling/core/hub.hpp"

namespace icebreaker::signaling {

struct TurnServerConfig {
  std::vector<std::string> urls{};
  std::string secret{};  // TURN REST; or a fixed user:
  std::string username{};
  std::string credential{};
  std::chrono::seconds ttl{3600};
};

struct IceConfig {
  std::vector<std::string> stun{};
  std::vector<TurnServerConfig> turn{};  // without a secret and a user: left out
};

class ConfiguredIceServers final : public IceServerSource {
 public:
  explicit ConfiguredIceServers(IceConfig config) : config_{std::move(config)} {}

  // `{host}` in URLs becomes `host`; URLs with it are left out when the client named no usable one.
  IceServerList ice_servers(Now now, const PeerId& peer, std::string_view host) override;
  [[nodiscard]] std::chrono::seconds ttl() const override;

  // Holds for lists made from here on.
  void reconfigure(IceConfig config) { config_ = std::move(config); }

 private:
  IceConfig config_;
};

// "stun:host", "turn:host:port?transport=udp" … with a host or {host} (RFC 7064, RFC 7065).
bool is_stun_url(std::string_view url);
bool is_turn_url(std::string_view url);

}  // namespace icebreaker::signaling
