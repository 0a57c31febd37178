#include "turn/core/relay.hpp"

#include <algorithm>
#include <utility>

#include "common/stun/binding_responder.hpp"
#include "common/stun/channel_data.hpp"
#include "common/stun/integrity.hpp"
#include "common/stun/unknown_attributes.hpp"
#include "turn/core/known_attributes.hpp"
#include "turn/core/reply.hpp"

namespace icebreaker::turn {
namespace {

// For a channel that goes.
auto unbinding(const Allocation& allocation, Effects& out) {
  return [&allocation, &out](const Channel& channel) {
    if (!allocation.permissions.has(channel.peer.value.ip)) return;  // unbound with it
    out.emplace_back(effect::UnbindChannel{allocation.id, channel.number});
  };
}

// For the address of a permission that goes.
auto unbinding_at(const Allocation& allocation, Effects& out) {
  return [&allocation, &out](const IpAddress& ip) {
    allocation.channels.for_each_at(ip, [&](const Channel& channel) {
      out.emplace_back(effect::UnbindChannel{allocation.id, channel.number});
    });
  };
}

QuotaHolder holder_of(const Allocation& allocation) {
  return {.user = allocation.quota_user, .client = allocation.client.client.value.ip};
}

}  // namespace

Relay::Relay(const RelayConfig& config, RelayRules rules, RandomSource& random, Quota& quota,
             Reservations& reservations)
    : interfaces_{config.interfaces},
      ports_{config.ports},
      rules_{std::move(rules)},
      rates_{rules_.limits.bandwidth},
      random_{random},
      quota_{quota},
      reservations_{reservations},
      indication_seed_{random.u64(), random.u64()},
      challenge_budget_{rules_.limits.challenges_per_second, random.u64()} {}

Relay::~Relay() {
  for (const RelayId id : table_.ids()) quota_.release(holder_of(*table_.find(id)));
}

ClientVerdict Relay::on_client(Now now, const FiveTuple& from, ByteView bytes, Effects& out) {
  switch (stun::frame_kind(bytes)) {
    case stun::FrameKind::ChannelData:
      return handle_channel_data(now, from, bytes);
    case stun::FrameKind::Stun:
      return on_stun(now, from, bytes, out);
    case stun::FrameKind::Other:
      break;
  }
  return Drop::NotTurn;
}

ClientVerdict Relay::on_stun(Now now, const FiveTuple& from, ByteView bytes, Effects& out) {
  const auto message = stun::MessageView::parse(bytes);
  if (!message) return Drop::MalformedStun;
  if (stun::has_wrong_fingerprint(*message)) return Drop::WrongFingerprint;
  switch (message->message_class()) {
    case stun::MessageClass::Request:
      return on_request(now, from, *message, out);
    case stun::MessageClass::Indication:
      if (message->method() == stun::Method::Send) return handle_send(now, from, *message);
      return Drop::UnexpectedStun;
    default:
      return Drop::UnexpectedStun;
  }
}

ClientVerdict Relay::on_request(Now now, const FiveTuple& from, const stun::MessageView& message,
                                Effects& out) {
  const stun::Method method = message.method();
  if (method == stun::Method::Binding) {
    effect::Reply reply{.to = from, .bytes = {}};
    const auto written = stun::respond_to_binding(message, from.client, reply.bytes.buffer());
    reply.bytes.set_size(written.bytes.size());
    out.emplace_back(reply);
    return Handled{.method = method, .error = written.error};
  }
  // RFC 8489 §6.3: a method that the server does not know is ignored.
  const auto known = known_attributes(method);
  if (known.empty()) return Drop::UnexpectedStun;

  const Allocation* held = live_allocation(from, now.mono);
  const std::string_view established = held == nullptr ? std::string_view{} : held->username;
  const auto request = rules_.authenticator.authenticate(now, from, message, established);
  if (!request) {
    if (!challenge_budget_.take(now.mono, from.client.value.ip)) return Drop::OverBudget;
    const AuthRefusal& refusal = request.error();
    out.emplace_back(challenge_reply(now.mono, from, message, refusal.code, rules_.authenticator));
    return Handled{.method = method,
                   .error = refusal.code,
                   .auth = refusal.reason,
                   .username = refusal.username,
                   .expired_for = refusal.expired_for};
  }
  const auto unknown = stun::unknown_attributes(message, known);
  if (!unknown.empty()) {
    out.emplace_back(unknown_attribute_reply(request->reply_to(), unknown));
    return Handled{.method = method, .error = stun::ErrorCode::UnknownAttribute};
  }

  const auto outcome = dispatch(now, *request, out);
  if (!outcome) return Drop::RelayOpening;
  if (*outcome) return Handled{.method = method, .error = std::nullopt};
  const Refusal& refusal = outcome->error();
  out.emplace_back(refusal_reply(request->reply_to(), refusal));
  return Handled{.method = method,
                 .error = refusal.code,
                 .auth = refusal.auth,
                 .refused_by = refusal.rule,
                 .quota = refusal.quota,
                 .username = request->username()};
}

effect::Reply Relay::refusal_reply(const ReplyTo& to, const Refusal& refusal) const {
  if (refusal.code != stun::ErrorCode::TryAlternate) return error_reply(to, refusal.code);
  const bool v4 = to.client.client.value.ip.is_v4();
  return try_alternate_reply(to, v4 ? drain_->v4.value() : drain_->v6.value());
}

std::optional<Relay::Outcome> Relay::dispatch(Now now, const AuthenticatedRequest& request,
                                              Effects& out) {
  switch (request.message().method()) {
    case stun::Method::Allocate:
      return handle_allocate(now, request, out);
    case stun::Method::Refresh:
      return handle_refresh(now, request, out);
    case stun::Method::CreatePermission:
      return handle_create_permission(now, request, out);
    case stun::Method::ChannelBind:
      return handle_channel_bind(now, request, out);
    default:
      return std::unexpected(Refusal{stun::ErrorCode::BadRequest});
  }
}

std::expected<Allocation*, Relay::Refusal> Relay::allocation_of(const AuthenticatedRequest& request,
                                                                Now now) {
  Allocation* allocation = live_allocation(request.from(), now.mono);
  if (allocation == nullptr || allocation->state != AllocationState::Ready) {
    return std::unexpected(Refusal{stun::ErrorCode::AllocationMismatch});
  }
  // RFC 8656 §5: only the user who made an allocation may touch it.
  if (allocation->username != request.username()) {
    return std::unexpected(
        Refusal{.code = stun::ErrorCode::WrongCredentials, .auth = AuthFailure::OtherUser});
  }
  return allocation;
}

Relay::Outcome Relay::check_peer(Allocation& allocation, const PeerAddress& peer) const {
  if (const PeerRule rule = rules_.policy.check(peer); rule != PeerRule::Allowed) {
    allocation.traffic.count_refusal(rule, peer);
    return std::unexpected(Refusal{.code = stun::ErrorCode::Forbidden, .rule = rule});
  }
  // A v4-mapped address is neither: an IPv6 relay socket cannot send to it.
  const IpAddress& ip = peer.value.ip;
  const bool mapped = ip.unmapped().family() != ip.family();
  if (mapped || allocation.relays.of(ip.family()).state != RelayState::Open) {
    return std::unexpected(Refusal{stun::ErrorCode::PeerAddressFamilyMismatch});
  }
  return {};
}

// The channels at that address, if any, were unbound when its last permission ended.
void Relay::install_permission(Allocation& allocation, const IpAddress& ip, MonoTime now,
                               Effects& out) const {
  if (allocation.permissions.install(ip, now) == Permissions::Installed::Refreshed) return;
  allocation.channels.for_each_at(
      ip, [&](const Channel& channel) { bind_channel(allocation, channel, out); });
}

void Relay::bind_channel(const Allocation& allocation, const Channel& channel, Effects& out) const {
  if (rules_.limits.bandwidth.any()) return;  // a fast path would not count
  out.emplace_back(
      effect::BindChannel{allocation.id, allocation.client, channel.number, as_sent(channel.peer)});
}

void Relay::on_link_closed(Now now, const FiveTuple& client, Effects& out) {
  Allocation* allocation = table_.find(client);
  if (allocation != nullptr) end(*allocation, EndReason::LinkClosed, now, out);
}

void Relay::on_deadline(Now now, Effects& out) {
  while (const auto due = deadlines_.pop_due(now.mono)) {
    Allocation& allocation = *table_.find(*due);
    if (allocation.expires_at <= now.mono) {
      end(allocation, EndReason::Expired, now, out);
      continue;
    }
    end_expired(allocation, now, out);
    expire_peers(allocation, now, out);
    schedule(allocation);
  }
}

// A channel is bound while its permission lives too, which may end first.
void Relay::expire_peers(Allocation& allocation, Now now, Effects& out) {
  allocation.permissions.expire(now.mono, unbinding_at(allocation, out));
  allocation.channels.expire(now.mono, unbinding(allocation, out));
}

void Relay::reconfigure(RelayRules rules, Effects& out) {
  if (rules.limits.challenges_per_second != rules_.limits.challenges_per_second) {
    challenge_budget_ = ChallengeBudget{rules.limits.challenges_per_second, random_.u64()};
  }
  rules_ = std::move(rules);
  rates_ = ByteRates{rules_.limits.bandwidth};
  for (const RelayId id : table_.ids()) {
    Allocation& allocation = *table_.find(id);
    share_bandwidth(allocation);
    const auto ip_refused = [&](const IpAddress& ip) {
      return rules_.policy.check(PeerAddress{{ip, 0}}) != PeerRule::Allowed;
    };
    allocation.permissions.remove_if(ip_refused, unbinding_at(allocation, out));
    const auto refused = [&](const Channel& channel) {
      return rules_.policy.check(channel.peer) != PeerRule::Allowed;
    };
    allocation.channels.remove_if(refused, unbinding(allocation, out));
    // What a fast path forwards is not counted against a limit.
    if (rules_.limits.bandwidth.any()) allocation.channels.for_each(unbinding(allocation, out));
    schedule(allocation);
  }
}

// Users share their buckets while there is a limit; a reload may bring one, or take it away.
void Relay::share_bandwidth(Allocation& allocation) {
  const bool limited = rules_.limits.bandwidth.per_user != 0;
  if (limited == (allocation.user_buckets != nullptr)) return;
  if (limited) {
    allocation.user_buckets = user_buckets_.acquire(allocation.quota_user);
  } else {
    user_buckets_.release(allocation.quota_user);
    allocation.user_buckets = nullptr;
  }
}

void Relay::close_all(Now now, Effects& out) {
  for (const RelayId id : table_.ids()) end(*table_.find(id), EndReason::Shutdown, now, out);
}

// RFC 8656 §8.1: each family of a dual allocation has a lifetime of its own.
void Relay::end_expired(Allocation& allocation, Now now, Effects& out) {
  for (const Family family : kFamilies) {
    const FamilyRelay& relay = allocation.relays.of(family);
    if (relay.state == RelayState::Open && relay.expires_at <= now.mono) {
      end_family(allocation, family, out);
    }
  }
}

// RFC 8656 §8.1: what belongs to the other family stays.
void Relay::end_family(Allocation& allocation, Family family, Effects& out) {
  allocation.relays.of(family) = {};
  const auto of_family = [&](const IpAddress& ip) { return ip.family() == family; };
  allocation.permissions.remove_if(of_family, unbinding_at(allocation, out));
  allocation.channels.erase_family(family);
  allocation.expires_at = allocation.relays.last_end();
  out.emplace_back(effect::CloseRelay{allocation.id, family});
}

void Relay::end(Allocation& allocation, EndReason reason, Now now, Effects& out) {
  std::vector<RelayAddress> relayed;
  for (const Family family : kFamilies) {
    const FamilyRelay& relay = allocation.relays.of(family);
    if (relay.state != RelayState::Open) continue;  // on_relay_opened() closes what comes too late
    relayed.push_back(relay.relayed);
    out.emplace_back(effect::CloseRelay{allocation.id, family});
  }
  // Nobody has heard yet of one that is still opening.
  if (allocation.state == AllocationState::Ready) {
    out.emplace_back(effect::AllocationEnded{
        .relay = allocation.id,
        .client = allocation.client,
        .relayed = relayed.empty() ? RelayAddress{} : relayed.front(),
        .also_relayed = relayed.size() < 2 ? std::nullopt : std::optional{relayed.back()},
        .username = allocation.username,
        .reason = reason,
        .age =
            std::chrono::duration_cast<std::chrono::milliseconds>(now.mono - allocation.created_at),
        .traffic = allocation.traffic,
        .refusals = refusals_of(allocation),
    });
  }
  forget(allocation);
}

std::vector<PeerRefusal> Relay::refusals_of(const Allocation& allocation) const {
  std::vector<PeerRefusal> refusals;
  for (const PeerAddress& each : allocation.traffic.refused.view()) {
    // After a reload it may be allowed.
    if (auto refusal = rules_.policy.explain(each)) refusals.push_back(*refusal);
  }
  return refusals;
}

void Relay::forget(Allocation& allocation) {
  count_peers(allocation, 0, 0);
  if (allocation.user_buckets != nullptr) user_buckets_.release(allocation.quota_user);
  quota_.release(holder_of(allocation));
  deadlines_.erase(allocation.id);
  table_.erase(allocation);
}

void Relay::schedule(Allocation& allocation) {
  count_peers(allocation, allocation.permissions.size(), allocation.channels.size());
  MonoTime next = allocation.relays.first_end();
  if (const auto expiry = allocation.permissions.next_expiry()) next = std::min(next, *expiry);
  if (const auto expiry = allocation.channels.next_expiry()) next = std::min(next, *expiry);
  deadlines_.set(allocation.id, next);
}

void Relay::count_peers(Allocation& allocation, std::size_t permissions, std::size_t channels) {
  permissions_ += permissions - std::exchange(allocation.counted_permissions, permissions);
  channels_ += channels - std::exchange(allocation.counted_channels, channels);
}

}  // namespace icebreaker::turn
