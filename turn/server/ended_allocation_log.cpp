#include "turn/server/ended_allocation_log.hpp"

#include <span>
#include <string>
#include <utility>

#include "turn/core/peer_policy.hpp"

namespace icebreaker::turn {
namespace {

std::string text_of_rule(const PeerRefusal& refusal) {
  const std::string network = refusal.network ? " " + refusal.network->to_string() : "";
  switch (refusal.rule) {
    case PeerRule::Denied:
      return "peers.deny" + network;
    case PeerRule::OwnEndpoint:
      return "a port of this server itself";
    case PeerRule::OwnHost:
      return "this server, but no relay port";
    default:
      return std::string{name_of(refusal.rule)} + network;
  }
}

std::string list_of(std::span<const PeerRefusal> refusals) {
  std::string list;
  for (const PeerRefusal& each : refusals) {
    list += list.empty() ? "" : ", ";
    // CreatePermission is about every port.
    list +=
        each.peer.value.port == 0 ? each.peer.value.ip.to_string() : each.peer.value.to_string();
    list += " (" + text_of_rule(each) + ")";
  }
  return list;
}

std::string list_of(const PeerSample& peers) {
  std::string list;
  for (const PeerAddress& each : peers.view()) {
    list += list.empty() ? "" : ", ";
    list += each.value.to_string();
  }
  return list;
}

bool is_public(const IpAddress& ip) {
  static const PeerPolicy kSpecialNetworksOnly{{}};
  return kSpecialNetworksOnly.check(PeerAddress{{ip.unmapped(), 0}}) == PeerRule::Allowed;
}

Explanation explain_refusals(const effect::AllocationEnded& ended) {
  const std::string peers = list_of(ended.refusals);
  const bool denied = ended.traffic.main_refusal() == PeerRule::Denied;
  return {.why = "every peer that the client asked for was refused" +
                 (peers.empty() ? std::string{} : ": " + peers),
          .advice = denied ? "if these peers are wanted, take their network out of peers.deny"
                           : "if these peers are wanted, add their network to peers.allow; if not, "
                             "the other side offered no address that the relay may reach"};
}

Explanation explain_never_sent(const Traffic& traffic) {
  if (traffic.to_client.packets > 0) {
    return {.why = "peers sent, but the client never did",
            .advice = "look at the client: it has what it needs to answer"};
  }
  return {.why = "the client never sent",
          .advice =
              "harmless when the call found a direct path; otherwise look at the client, or at "
              "a firewall between it and this server"};
}

}  // namespace

std::optional<Explanation> explain(const effect::AllocationEnded& ended) {
  const Traffic& traffic = ended.traffic;
  switch (use_of(traffic)) {
    case AllocationUse::PeersRefused:
      return explain_refusals(ended);
    case AllocationUse::NeverAskedForPeer:
      return Explanation{
          .why = "the client never asked for a peer",
          .advice =
              "harmless when the call found a direct path, or nobody answered; otherwise the "
              "other side's candidates did not reach the client: look at signaling"};
    case AllocationUse::NeverSent:
      return explain_never_sent(traffic);
    case AllocationUse::SentWithoutPermission:
      return Explanation{
          .why = "the client sent to peers that it has no permission for: " +
                 list_of(traffic.sent_without_permission),
          .advice =
              "look at the client: it must ask for a permission for each peer address, and "
              "again every five minutes"};
    case AllocationUse::PeerNeverAnswered:
      return Explanation{
          .why = "no peer ever answered",
          .advice =
              "if this is so for many, let UDP in and out of relay.ports through the firewall "
              "and check relay.external; for single ones the peer is gone or blocks UDP"};
    case AllocationUse::AnsweredWithoutPermission:
      return Explanation{
          .why = "only peers without permission answered: " + list_of(traffic.unwanted),
          .advice =
              "peers come from other addresses than the client was told: a NAT before them "
              "changes addresses, and they need a relay of their own"};
    case AllocationUse::Worked:
    case AllocationUse::Count:
      break;
  }
  return std::nullopt;
}

bool tells_private_address(const effect::AllocationEnded& ended) {
  return is_public(ended.client.client.value.ip) && !is_public(ended.relayed.value.ip);
}

void EndedAllocationLog::write(MonoTime now, const effect::AllocationEnded& ended) {
  if (const auto explanation = explain(ended)) write_useless(now, ended, *explanation);
  if (log_.enabled(service::LogLevel::Debug)) write_story(ended);
}

void EndedAllocationLog::write_useless(MonoTime now, const effect::AllocationEnded& ended,
                                       const Explanation& explanation) {
  const AllocationUse use = use_of(ended.traffic);
  const auto age_s = std::chrono::duration_cast<std::chrono::seconds>(ended.age).count();
  // Its peers cannot be blamed for not reaching that address.
  if (use != AllocationUse::PeersRefused && tells_private_address(ended)) {
    log_.warn_limited(private_address_warnings_, now, "relay address is private",
                      {{"why",
                        "clients on the internet are told a relay address that peers there "
                        "cannot reach, and relays stay unused"},
                       {"do", "set relay.external to this server's public address"},
                       {"relayed", ended.relayed.value.ip},
                       {"user", ended.username}});
  }
  log_.info_limited(limiters_.at(static_cast<std::size_t>(use)), now, "allocation was useless",
                    {{"why", explanation.why},
                     {"do", explanation.advice},
                     {"use", name_of(use)},
                     {"user", ended.username},
                     {"end", name_of(ended.reason)},
                     {"age_s", age_s}});
}

void EndedAllocationLog::write_story(const effect::AllocationEnded& ended) const {
  const Traffic& traffic = ended.traffic;
  const std::string also_relayed = ended.also_relayed ? ended.also_relayed->value.to_string() : "";
  const std::string refused = list_of(ended.refusals);
  const std::string without_permission = list_of(traffic.sent_without_permission);
  const std::string unwanted = list_of(traffic.unwanted);
  log_.debug("allocation ended", {{"reason", name_of(ended.reason)},
                                  {"client", ended.client.client.value},
                                  {"user", ended.username},
                                  {"relayed", ended.relayed.value},
                                  {"also_relayed", also_relayed},
                                  {"age_ms", static_cast<std::int64_t>(ended.age.count())},
                                  {"to_peers_packets", traffic.to_peers.packets},
                                  {"to_peers_bytes", traffic.to_peers.bytes},
                                  {"to_client_packets", traffic.to_client.packets},
                                  {"to_client_bytes", traffic.to_client.bytes},
                                  {"over_bandwidth", traffic.over_bandwidth},
                                  {"sends_without_permission", traffic.sends_without_permission},
                                  {"to", without_permission},
                                  {"unwanted_from_peers", traffic.unwanted_from_peers},
                                  {"from", unwanted},
                                  {"refused", refused},
                                  {"use", name_of(use_of(traffic))}});
}

}  // namespace icebreaker::turn
