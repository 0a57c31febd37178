#include "turn/core/traffic.hpp"

#include <algorithm>

namespace icebreaker::turn {

PeerRule Traffic::main_refusal() const {
  const auto most = std::ranges::max_element(refused_peers);
  if (*most == 0) return PeerRule::Allowed;
  return static_cast<PeerRule>(most - refused_peers.begin());
}

AllocationUse use_of(const Traffic& traffic) {
  const bool sent = traffic.to_peers.packets > 0;
  const bool answered = traffic.to_client.packets > 0;
  if (sent && answered) return AllocationUse::Worked;
  if (answered) return AllocationUse::NeverSent;
  if (sent) {
    return traffic.unwanted_from_peers > 0 ? AllocationUse::AnsweredWithoutPermission
                                           : AllocationUse::PeerNeverAnswered;
  }
  if (traffic.sends_without_permission > 0) return AllocationUse::SentWithoutPermission;
  if (traffic.permissions_installed > 0) return AllocationUse::NeverSent;
  return traffic.main_refusal() == PeerRule::Allowed ? AllocationUse::NeverAskedForPeer
                                                     : AllocationUse::PeersRefused;
}

}  // namespace icebreaker::turn
