#include "turn/server/ended_allocation_log.hpp"

#include <string>

namespace icebreaker::turn {

void log_ended_allocation(const service::Logger& log, service::LogLimiter& limiter, MonoTime now,
                          const effect::AllocationEnded& ended) {
  const Traffic& traffic = ended.traffic;
  const PeerRule refusal = traffic.main_refusal();
  const std::string_view useless = why_useless(traffic);
  if (refusal != PeerRule::Allowed && traffic.permissions_installed == 0) {
    log.info_limited(limiter, now, "relay was useless",
                     {{"why", useless},
                      {"rule", name_of(refusal)},
                      {"user", ended.username},
                      {"hint", "peers.allow of the configuration overrides the rule"}});
  }
  const std::string also_relayed = ended.also_relayed ? ended.also_relayed->value.to_string() : "";
  log.debug("allocation ended", {{"reason", name_of(ended.reason)},
                                 {"client", ended.client.client.value},
                                 {"user", ended.username},
                                 {"relayed", ended.relayed.value},
                                 {"also_relayed", also_relayed},
                                 {"age_ms", static_cast<std::int64_t>(ended.age.count())},
                                 {"to_peers_packets", traffic.to_peers.packets},
                                 {"to_peers_bytes", traffic.to_peers.bytes},
                                 {"to_client_packets", traffic.to_client.packets},
                                 {"to_client_bytes", traffic.to_client.bytes},
                                 {"sends_without_permission", traffic.sends_without_permission},
                                 {"unwanted_from_peers", traffic.unwanted_from_peers},
                                 {"refused_by", name_of(refusal)},
                                 {"useless", useless}});
}

}  // namespace icebreaker::turn
