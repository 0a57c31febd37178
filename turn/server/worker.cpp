#include "turn/server/worker.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>
#include <variant>

#include "common/base/bytes.hpp"
#include "common/net/read_clocks.hpp"
#include "common/stun/message.hpp"

namespace icebreaker::turn {
namespace {

LinkId link_of(net::SocketId socket) {
  return link_id(LinkKind::Socket, socket.value);
}

net::SocketId socket_of(LinkId link) {
  return net::SocketId{static_cast<std::uint32_t>(number_of(link))};
}

// A request whose signature is to be checked, by the first bytes of it: RFC 8489 §5.
bool may_carry_credentials(ByteView bytes) {
  if (bytes.size() < stun::kHeaderBytes) return false;
  constexpr std::uint16_t kNoStun = 0xC000;
  constexpr std::uint16_t kClass = 0x0110;  // 0 for a request
  const std::uint16_t type = ByteReader{bytes}.u16();
  return (type & (kNoStun | kClass)) == 0 &&
         type != static_cast<std::uint16_t>(stun::Method::Binding);
}

}  // namespace

Worker::Worker(const WorkerParts& parts, const RelayConfig& config, WorkerRules rules)
    : io_{parts.io},
      listeners_{parts.listeners},
      streams_{parts.streams},
      dtls_{parts.dtls},
      fast_path_{parts.fast_path},
      counters_{parts.counters},
      log_{parts.log, "turn"},
      refusal_log_{log_},
      ended_log_{log_},
      sockets_{parts.io, parts.random, parts.reservations, config.ports},
      relay_{config, std::move(rules.relay), parts.random, parts.quota, parts.reservations},
      arena_{parts.io} {
  streams_.attach(*this);
  dtls_.attach(*this);
  if (rules.tls) set_identity(*rules.tls);
}

void Worker::run() {
  while (!stopping_.load(std::memory_order_relaxed)) {
    const auto batch = io_.receive(next_deadline());  // returns by the deadline, maybe empty
    const Now now = net::read_clocks();               // once per batch
    if (has_new_rules_.load(std::memory_order_acquire)) take_new_rules();
    relay_.on_deadline(now, effects_);
    apply_effects(now);
    for (const net::Datagram& datagram : batch) on_datagram(now, datagram);
    for (const net::PathError& error : io_.path_errors()) on_path_error(now, error);
    streams_.on_deadline(now);
    dtls_.on_deadline(now);
    streams_.flush(now);
    dtls_.flush(now);
    arena_.flush();
    counters_.allocations_made.set(relay_.allocations_made());
    counters_.allocations.set(relay_.allocations());
    counters_.permissions.set(relay_.permissions());
    counters_.channels.set(relay_.channels());
    turns_.turn();
  }
  const Now now = net::read_clocks();
  relay_.close_all(now, effects_);
  apply_effects(now);
  dtls_.say_goodbye();
}

std::optional<MonoTime> Worker::next_deadline() const {
  std::optional<MonoTime> next = relay_.next_deadline();
  for (const auto& each : {streams_.next_deadline(), dtls_.next_deadline()}) {
    if (each && (!next || *each < *next)) next = each;
  }
  return next;
}

void Worker::stop() {
  stopping_.store(true, std::memory_order_relaxed);
  io_.wake();
}

bool Worker::turned() {
  const bool moved = turns_.turned();
  io_.wake();
  return moved;
}

void Worker::reconfigure(WorkerRules rules) {
  {
    const std::scoped_lock lock{new_rules_mutex_};
    new_rules_ = std::move(rules);
  }
  has_new_rules_.store(true, std::memory_order_release);
  io_.wake();
}

void Worker::drain(const AlternateServers& alternates) {
  {
    const std::scoped_lock lock{new_rules_mutex_};
    new_drain_ = alternates;
  }
  has_new_rules_.store(true, std::memory_order_release);
  io_.wake();
}

void Worker::take_new_rules() {
  has_new_rules_.store(false, std::memory_order_relaxed);
  const std::scoped_lock lock{new_rules_mutex_};
  if (new_drain_) relay_.start_drain(*new_drain_);
  new_drain_.reset();
  if (!new_rules_) return;
  relay_.reconfigure(std::move(new_rules_->relay), effects_);
  if (new_rules_->tls) set_identity(*new_rules_->tls);
  new_rules_.reset();
}

void Worker::set_identity(const net::TlsIdentity& identity) {
  streams_.set_identity(identity);
  dtls_.set_identity(identity);
}

void Worker::on_datagram(Now now, const net::Datagram& datagram) {
  if (const auto relay = sockets_.relay_of(datagram.socket)) {
    on_peer_datagram(now, *relay, datagram);
  } else if (const auto listener =
                 std::ranges::find(listeners_, datagram.socket, &DatagramListener::socket);
             listener != listeners_.end()) {
    on_client_datagram(now, listener->transport, datagram);
  } else {
    // Its relay ended earlier in this batch; a peer must not pass for a client.
    counters_.peer_drops.count(Drop::NoAllocation);
  }
}

void Worker::on_client_datagram(Now now, Transport transport, const net::Datagram& datagram) {
  const bool is_dtls = transport == Transport::Dtls ||
                       (DtlsLinks::begins_as_dtls(datagram.bytes) && dtls_.has_identity());
  if (is_dtls) {
    dtls_.on_datagram(now, datagram);
    return;
  }
  const FiveTuple from{link_of(datagram.socket), ClientAddress{datagram.from}, datagram.to};
  const ClientVerdict verdict = serve(now, from, datagram.bytes);
  if (const auto* forward = std::get_if<ToPeer>(&verdict)) {
    send_to_peer(*forward, datagram.traffic_class);
  } else {
    finish(now, verdict, datagram.from);
  }
}

void Worker::on_message(Now now, const FiveTuple& from, ByteView message) {
  const ClientVerdict verdict = serve(now, from, message);
  if (const auto* forward = std::get_if<ToPeer>(&verdict)) {
    // The message is gone before the datagram leaves.
    send_to_peer({forward->via, forward->to, arena_.keep(forward->payload), forward->dont_fragment},
                 0);
  } else {
    finish(now, verdict, from.client.value);
  }
}

// Reads the clock for requests alone, which the data path has none of.
ClientVerdict Worker::serve(Now now, const FiveTuple& from, ByteView bytes) {
  if (!may_carry_credentials(bytes)) return relay_.on_client(now, from, bytes, effects_);
  const MonoTime start = MonoTime::clock::now();
  const ClientVerdict verdict = relay_.on_client(now, from, bytes, effects_);
  const auto* handled = std::get_if<Handled>(&verdict);
  if (handled != nullptr && handled->auth != AuthFailure::NoCredentials) {
    using std::chrono::microseconds;
    const auto time = std::chrono::ceil<microseconds>(MonoTime::clock::now() - start);
    counters_.authentication_us.count(static_cast<std::size_t>(time.count()));
  }
  return verdict;
}

void Worker::on_link_closed(Now now, const FiveTuple& client) {
  relay_.on_link_closed(now, client, effects_);
  apply_effects(now);
}

bool Worker::has_allocation(const FiveTuple& client, MonoTime now) {
  return relay_.has_allocation(client, now);
}

// RFC 8656 §14: DSCP and ECN as they came; §15: none from streams.
void Worker::send_to_peer(const ToPeer& forward, std::uint8_t traffic_class) {
  const auto via = sockets_.socket_of(forward.via, forward.to.value.ip.family());
  if (!via) return;
  ++counters_.to_peers.packets;
  counters_.to_peers.bytes += forward.payload.size();
  io_.send({.via = via->id,
            .source = std::nullopt,
            .to = forward.to.value,
            .header = {},
            .payload = forward.payload,
            .traffic_class = traffic_class,
            .dont_fragment = forward.dont_fragment});
}

// What is not forwarded.
void Worker::finish(Now now, const ClientVerdict& verdict, const SocketAddress& client) {
  if (const auto* drop = std::get_if<Drop>(&verdict)) {
    counters_.client_drops.count(*drop);
    return;
  }
  const auto& handled = std::get<Handled>(verdict);
  counters_.count(handled);
  refusal_log_.write(now.mono, handled, client);
  apply_effects(now);
}

void Worker::on_peer_datagram(Now now, RelayId relay, const net::Datagram& datagram) {
  const PeerVerdict verdict =
      relay_.on_peer(now, relay, PeerAddress{datagram.from}, datagram.bytes);
  if (const auto* drop = std::get_if<Drop>(&verdict)) {
    counters_.peer_drops.count(*drop);
    return;
  }
  const auto& forward = std::get<ToClient>(verdict);
  if (kind_of(forward.to.link) != LinkKind::Socket) {
    send_to_link(forward);
    return;
  }
  ++counters_.to_clients.packets;
  counters_.to_clients.bytes += forward.payload.size();
  const bool padded = forward.padding > 0;
  io_.send({.via = socket_of(forward.to.link),
            .source = forward.to.server.ip,
            .to = forward.to.client.value,
            .header = forward.header_view(),
            .payload = padded ? arena_.keep(forward.payload, forward.padding) : forward.payload,
            .traffic_class = datagram.traffic_class});
}

void Worker::on_path_error(Now now, const net::PathError& error) {
  const auto relay = sockets_.relay_of(error.socket);
  if (!relay) return;
  const stun::Icmp::Value icmp{.type = error.type, .code = error.code, .error = error.mtu};
  const auto drop = relay_.on_icmp(now, *relay, PeerAddress{error.to}, icmp, effects_);
  if (drop) counters_.peer_drops.count(*drop);
  apply_effects(now);
}

ClientLinks& Worker::links_of(LinkId link) const {
  if (kind_of(link) == LinkKind::Association) return dtls_;
  return streams_;
}

void Worker::send_to_link(const ToClient& forward) {
  const LinkMessage message{forward.header_view(), forward.payload, forward.padding};
  switch (links_of(forward.to.link).send(forward.to, message, Importance::Data)) {
    case LinkSend::Taken:
      ++counters_.to_clients.packets;
      counters_.to_clients.bytes += forward.payload.size();
      return;
    case LinkSend::ClientTooSlow:
      counters_.peer_drops.count(Drop::ClientTooSlow);
      return;
    case LinkSend::TooLong:
      counters_.peer_drops.count(Drop::TooLong);
      return;
    case LinkSend::Closed:
      counters_.peer_drops.count(Drop::NoAllocation);  // its end is on the way
      return;
  }
}

void Worker::apply_effects(Now now) {
  // Applying one may add more, which moves the vector's elements.
  for (std::size_t index = 0; index < effects_.size(); ++index) {
    const Effect effect = std::move(effects_[index]);
    std::visit([&](const auto& each) { apply(now, each); }, effect);
  }
  effects_.clear();
}

void Worker::apply(Now /*now*/, const effect::Reply& reply) {
  if (kind_of(reply.to.link) != LinkKind::Socket) {
    links_of(reply.to.link)
        .send(reply.to, {.header = {}, .payload = reply.bytes.view()}, Importance::Control);
    return;
  }
  io_.send({.via = socket_of(reply.to.link),
            .source = reply.to.server.ip,
            .to = reply.to.client.value,
            .header = {},
            .payload = arena_.keep(reply.bytes.view())});
}

void Worker::apply(Now now, const effect::OpenRelay& open) {
  const auto bound = sockets_.open(now.mono, open);
  if (bound) {
    relay_.on_relay_opened(now, open.relay, *bound, effects_);
    return;
  }
  ++counters_.relay_port_failures;
  refusal_log_.write_port_failure(now.mono, open.address, bound.error());
  relay_.on_relay_failed(now, open.relay, open.address.family(), effects_);
}

void Worker::apply(Now /*now*/, const effect::CloseRelay& close) {
  fast_path_.close(close.relay, close.family);
  // The kernel must have what was queued for it.
  arena_.flush();
  sockets_.close(close.relay, close.family);
}

void Worker::apply(Now /*now*/, const effect::BindChannel& bind) {
  const auto socket = sockets_.socket_of(bind.relay, bind.peer.value.ip.family());
  if (socket) fast_path_.bind(bind, socket->local);
}

void Worker::apply(Now /*now*/, const effect::UnbindChannel& unbind) {
  fast_path_.unbind(unbind);
}

void Worker::apply(Now now, const effect::AllocationEnded& ended) {
  ++counters_.allocations_ended;
  counters_.uses.count(use_of(ended.traffic));
  ended_log_.write(now.mono, ended);
}

}  // namespace icebreaker::turn
