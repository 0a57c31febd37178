#include "tests/bench/turn_load/crowd.hpp"

#include <algorithm>
#include <utility>

#include "common/stun/channel_data.hpp"
#include "tests/bench/turn_load/session_runner.hpp"

namespace icebreaker::bench {
namespace {

constexpr std::uint32_t kFirstPeerIp = 0x7F900001;  // 127.144.0.1
constexpr std::uint32_t kChannels = 0x1000;         // 0x4000 to 0x4FFF

std::uint64_t nanoseconds_now() {
  return static_cast<std::uint64_t>(Clock::now().time_since_epoch() / std::chrono::nanoseconds{1});
}

}  // namespace

Crowd::Crowd(CrowdOptions options)
    : options_{std::move(options)},
      clients_{CrowdSocket::open_or_throw(options_.receiving)},
      peers_{CrowdSocket::open_or_throw(options_.receiving)} {
  flows_.reserve(options_.flows);
  for (std::uint32_t i = 0; i < options_.flows; ++i) {
    const auto raw = static_cast<std::uint16_t>(stun::ChannelNumber::kFirst + i % kChannels);
    const auto channel = stun::ChannelNumber::from_wire(raw).value();
    const Endpoint peer{kFirstPeerIp + i, peers_.port()};
    flows_.push_back({TurnSession{options_.credentials, i, channel, peer}, {}, {}});
  }
}

void Crowd::allocate() {
  for (Flow& flow : flows_) flow.session.allocate();
  run_sessions("allocating");
}

void Crowd::release() {
  for (Flow& flow : flows_) flow.session.release();
  run_sessions("releasing");
}

void Crowd::run_sessions(const char* what) {
  bench::run_sessions(
      {.clients = &clients_,
       .server = options_.server,
       .count = flows(),
       .session = [this](std::uint32_t place) -> TurnSession& { return flows_[place].session; },
       .what = what});
}

void Crowd::send(std::uint32_t flow, Direction direction, std::size_t count, Sending sending) {
  Flow& from = flows_[flow];
  const bool to_peer = direction == Direction::ToPeer;
  CrowdSocket& socket = to_peer ? clients_ : peers_;
  const std::uint32_t local = (to_peer ? kFirstClientIp : kFirstPeerIp) + flow;
  const Endpoint to = to_peer ? options_.server : from.session.relay();
  const auto header = stun::channel_data_header(from.session.channel(), options_.payload_bytes);
  const std::size_t header_bytes = to_peer ? header.size() : 0;
  const std::size_t datagram_bytes = header_bytes + options_.payload_bytes;
  const std::size_t in_one = sending == Sending::Aggregates ? count : 1;
  Stamp stamp{flow, direction, 0, nanoseconds_now()};
  for (std::size_t sent = 0; sent < count; sent += in_one) {
    MutableByteView rest =
        socket.stage(local, to, in_one * datagram_bytes, in_one > 1 ? datagram_bytes : 0);
    for (; !rest.empty(); rest = rest.subspan(datagram_bytes)) {
      std::copy_n(header.begin(), header_bytes, rest.begin());
      stamp.sequence = from.next[static_cast<std::size_t>(direction)]++;
      write_payload(rest.subspan(header_bytes, options_.payload_bytes), stamp);
    }
  }
  tally_.sent += count;
}

void Crowd::flush() {
  clients_.flush();
  peers_.flush();
}

std::size_t Crowd::receive(const OnArrival& on_arrival) {
  const std::span<const Message> at_clients = clients_.receive();
  const std::span<const Message> at_peers = peers_.receive();
  if (at_clients.empty() && at_peers.empty()) return 0;
  const std::uint64_t now = nanoseconds_now();
  for (const Message& each : at_clients) on_client_message(each, now, on_arrival);
  for (const Message& each : at_peers) on_peer_message(each, now, on_arrival);
  return at_clients.size() + at_peers.size();
}

void Crowd::on_client_message(const Message& message, std::uint64_t now_ns,
                              const OnArrival& on_arrival) {
  const std::uint32_t index = message.local_ip - kFirstClientIp;
  const bool ours = index < flows_.size() && message.from == options_.server;
  for (ByteView rest = message.bytes; !rest.empty();) {
    const ByteView datagram = rest.first(std::min(rest.size(), message.segment_bytes));
    rest = rest.subspan(datagram.size());
    // A late repetition of an answer.
    if (stun::frame_kind(datagram) == stun::FrameKind::Stun) continue;
    const auto data = stun::parse_channel_data_datagram(datagram);
    if (!ours || !data || data->channel != flows_[index].session.channel()) {
      ++tally_.corrupted;
      continue;
    }
    on_payload(index, Direction::ToClient, data->payload, now_ns, on_arrival);
  }
}

void Crowd::on_peer_message(const Message& message, std::uint64_t now_ns,
                            const OnArrival& on_arrival) {
  const std::uint32_t index = message.local_ip - kFirstPeerIp;
  const bool ours = index < flows_.size() && message.from == flows_[index].session.relay();
  for (ByteView rest = message.bytes; !rest.empty();) {
    const ByteView datagram = rest.first(std::min(rest.size(), message.segment_bytes));
    rest = rest.subspan(datagram.size());
    if (ours) {
      on_payload(index, Direction::ToPeer, datagram, now_ns, on_arrival);
    } else {
      ++tally_.corrupted;
    }
  }
}

void Crowd::on_payload(std::uint32_t index, Direction direction, ByteView payload,
                       std::uint64_t now_ns, const OnArrival& on_arrival) {
  const auto stamp = read_payload(payload);
  if (!stamp || stamp->flow != index || stamp->direction != direction ||
      payload.size() != options_.payload_bytes) {
    ++tally_.corrupted;
    return;
  }
  switch (flows_[index].arrived[static_cast<std::size_t>(direction)].on_arrival(stamp->sequence)) {
    case Arrival::Duplicate:
      ++tally_.duplicated;
      return;
    case Arrival::TooLate:
      ++tally_.too_late;
      return;
    case Arrival::New:
      break;
  }
  ++tally_.delivered;
  latency_.observe(now_ns - std::min(now_ns, stamp->sent_ns));
  on_arrival(index, direction);
}

}  // namespace icebreaker::bench
