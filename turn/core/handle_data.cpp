// The data path: no heap, clock, lock or log.
#include <algorithm>

#include "common/stun/channel_data.hpp"
#include "common/stun/message_builder.hpp"
#include "common/stun/stream_framer.hpp"
#include "common/stun/turn_attributes.hpp"
#include "common/stun/unknown_attributes.hpp"
#include "turn/core/known_attributes.hpp"
#include "turn/core/relay.hpp"

namespace icebreaker::turn {
namespace {

// A Data indication up to its payload; the length field counts payload and padding too.
std::size_t write_data_indication(MutableByteView buffer, const stun::TransactionId& id,
                                  const PeerAddress& peer, std::size_t payload_bytes) {
  stun::MessageBuilder builder{buffer, stun::MessageClass::Indication, stun::Method::Data, id};
  builder.add<stun::XorPeerAddress>(peer);
  const std::size_t attributes_end = builder.finish().size();
  ByteWriter rest{buffer.subspan(attributes_end)};
  rest.u16(static_cast<std::uint16_t>(stun::AttributeType::Data));
  rest.u16(static_cast<std::uint16_t>(payload_bytes));
  const std::size_t header_bytes = attributes_end + rest.size();
  const std::size_t length = header_bytes - stun::kHeaderBytes + stun::padded_to_4(payload_bytes);
  ByteWriter{buffer.subspan(2)}.u16(static_cast<std::uint16_t>(length));
  return header_bytes;
}

// RFC 8656 §13 and §14: between UDP and UDP the attribute counts from IPv4 to IPv4 only; §15: not
// so for streams.
bool wants_no_fragments(const stun::MessageView& message, const FiveTuple& from,
                        const PeerAddress& peer) {
  if (!message.has<stun::DontFragment>()) return false;
  if (kind_of(from.link) == LinkKind::Stream) return true;
  return from.client.value.ip.is_v4() && peer.value.ip.is_v4();
}

bool may_relay(const Allocation& allocation, const IpAddress& peer, MonoTime now) {
  return allocation.permissions.allow(peer, now) && allocation.relays.open(peer.family(), now);
}

}  // namespace

// RFC 8656 §11.2: whatever is wrong with a Send indication, it is dropped without an answer.
ClientVerdict Relay::handle_send(Now now, const FiveTuple& from, const stun::MessageView& message) {
  Allocation* allocation = live_allocation(from, now.mono);
  if (allocation == nullptr || allocation->state != AllocationState::Ready) {
    return Drop::NoAllocation;
  }
  const auto peer = message.get<stun::XorPeerAddress>();
  const auto data = message.get<stun::Data>();
  if (!peer || !data) return Drop::MalformedIndication;
  if (!stun::unknown_attributes(message, known_attributes(stun::Method::Send)).empty()) {
    return Drop::MalformedIndication;
  }
  if (!may_relay(*allocation, peer->value.ip, now.mono)) {
    allocation->traffic.count_send_without_permission(*peer);
    return Drop::NoPermission;
  }
  // A permission is for an address; what listens on this port of it may still be off limits.
  if (const PeerRule rule = rules_.policy.check(*peer); rule != PeerRule::Allowed) {
    allocation->traffic.count_refusal(rule, *peer);
    return Drop::PeerRefused;
  }
  if (!take_bandwidth(now.mono, Direction::ToPeer, data->size(), *allocation)) {
    return Drop::OverBandwidth;
  }
  allocation->traffic.to_peers.add(data->size());
  return ToPeer{.via = allocation->id,
                .to = as_sent(*peer),
                .payload = *data,
                .dont_fragment = wants_no_fragments(message, from, *peer)};
}

// RFC 8656 §12.6; padding behind the data, which UDP clients need not send, is ignored.
ClientVerdict Relay::handle_channel_data(Now now, const FiveTuple& from, ByteView bytes) {
  const auto message = stun::parse_channel_data_datagram(bytes);
  if (!message) return Drop::MalformedChannelData;
  Allocation* allocation = live_allocation(from, now.mono);
  if (allocation == nullptr || allocation->state != AllocationState::Ready) {
    return Drop::NoAllocation;
  }
  const Channel* channel = allocation->channels.find(message->channel, now.mono);
  if (channel == nullptr) return Drop::NoChannel;
  // The permission that came with the channel ends before it.
  if (!may_relay(*allocation, channel->peer.value.ip, now.mono)) {
    allocation->traffic.count_send_without_permission(channel->peer);
    return Drop::NoPermission;
  }
  if (!take_bandwidth(now.mono, Direction::ToPeer, message->payload.size(), *allocation)) {
    return Drop::OverBandwidth;
  }
  allocation->traffic.to_peers.add(message->payload.size());
  return ToPeer{allocation->id, as_sent(channel->peer), message->payload};
}

// RFC 8656 §11.3 and §12.7.
PeerVerdict Relay::on_peer(Now now, RelayId via, const PeerAddress& from, ByteView payload) {
  Allocation* allocation = table_.find(via);
  if (allocation == nullptr || allocation->expires_at <= now.mono) return Drop::NoAllocation;
  const PeerAddress peer = as_named(from);
  if (!may_relay(*allocation, peer.value.ip, now.mono)) {
    allocation->traffic.count_unwanted(peer);
    return Drop::NoPermission;
  }
  ToClient forward{.to = allocation->client,
                   .header = {},
                   .header_bytes = stun::kChannelDataHeaderBytes,
                   .payload = payload,
                   .padding = 0};
  if (const Channel* channel = allocation->channels.find(peer, now.mono)) {
    const auto header = stun::channel_data_header(channel->number, payload.size());
    std::ranges::copy(header, forward.header.begin());
    // RFC 8656 §12.5: padding is for streams only.
    if (kind_of(forward.to.link) == LinkKind::Stream) {
      forward.padding = stun::stream_padding_bytes(payload.size());
    }
  } else {
    forward.header_bytes =
        write_data_indication(forward.header, next_indication_id(), peer, payload.size());
    forward.padding = stun::padded_to_4(payload.size()) - payload.size();
  }
  // Past this, the length of an indication wraps and the client's stream falls out of step.
  if (forward.header_bytes + payload.size() + forward.padding >
      stun::StreamFramer::kMaxFrameBytes) {
    return Drop::TooLong;
  }
  if (!take_bandwidth(now.mono, Direction::ToClient, payload.size(), *allocation)) {
    return Drop::OverBandwidth;
  }
  allocation->traffic.to_client.add(payload.size());
  return forward;
}

bool Relay::take_bandwidth(MonoTime now, Direction direction, std::size_t bytes,
                           Allocation& allocation) const {
  const bool passes =
      rates_.take(now, direction, bytes, allocation.buckets, allocation.user_buckets);
  if (!passes) ++allocation.traffic.over_bandwidth;
  return passes;
}

Allocation* Relay::live_allocation(const FiveTuple& from, MonoTime now) {
  Allocation* allocation = table_.find(from);
  return allocation != nullptr && allocation->expires_at > now ? allocation : nullptr;
}

const RelayInterface* Relay::interface_of(Family family) const {
  const auto found = std::ranges::find_if(
      interfaces_, [&](const RelayInterface& each) { return each.bound.family() == family; });
  return found == interfaces_.end() ? nullptr : &*found;
}

// Packets to our own external address need not leave the machine and come back: most NATs would
// not let them.
PeerAddress Relay::as_sent(const PeerAddress& peer) const {
  const RelayInterface* own = interface_of(peer.value.ip.family());
  if (own == nullptr || peer.value.ip != own->external) return peer;
  if (!ports_.contains(peer.value.port)) return peer;
  return PeerAddress{{own->bound, peer.value.port}};
}

PeerAddress Relay::as_named(const PeerAddress& peer) const {
  // XOR-PEER-ADDRESS cannot tell a zone.
  if (peer.value.ip.zone() != 0) return PeerAddress{{peer.value.ip.with_zone(0), peer.value.port}};
  const RelayInterface* own = interface_of(peer.value.ip.family());
  if (own == nullptr || peer.value.ip != own->bound) return peer;
  if (!ports_.contains(peer.value.port)) return peer;
  return PeerAddress{{own->external, peer.value.port}};
}

// RFC 8489 §5 asks for randomness against forged responses, and indications have none: 64 random
// bits of the process and a counter spare the generator on the data path.
stun::TransactionId Relay::next_indication_id() {
  ++indication_seed_.back();
  stun::TransactionId id{};
  ByteWriter out{id};
  out.u64(indication_seed_.front() ^ (indication_seed_.back() * 0x9E3779B97F4A7C15ULL));
  out.u32(static_cast<std::uint32_t>(indication_seed_.back()));
  return id;
}

}  // namespace icebreaker::turn
