#include "turn/core/traffic.hpp"

#include <algorithm>

namespace icebreaker::turn {

PeerRule Traffic::main_refusal() const {
  const auto most = std::ranges::max_element(refused_peers);
  if (*most == 0) return PeerRule::Allowed;
  return static_cast<PeerRule>(most - refused_peers.begin());
}

std::string_view why_useless(const Traffic& traffic) {
  const bool sent = traffic.to_peers.packets > 0;
  const bool answered = traffic.to_client.packets > 0;
  if (sent && answered) return {};
  if (answered) return "client never sent";
  if (sent) {
    return traffic.unwanted_from_peers > 0 ? "only peers without permission answered"
                                           : "peer never answered";
  }
  if (traffic.permissions_installed == 0) {
    return traffic.main_refusal() == PeerRule::Allowed ? "client never asked for a peer"
                                                       : "every peer was refused";
  }
  if (traffic.sends_without_permission > 0) return "client only sent to peers without permission";
  return traffic.unwanted_from_peers > 0 ? "client never sent, and a peer without permission did"
                                         : "client never sent";
}

}  // namespace icebreaker::turn
