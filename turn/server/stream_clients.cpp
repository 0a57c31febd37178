#include "turn/server/stream_clients.hpp"

#include <array>

#include "common/net/tls_stream.hpp"
#include "common/stun/channel_data.hpp"

namespace icebreaker::turn {
namespace {

Now with_wall_clock(MonoTime mono) {
  return {mono, WallTime::clock::now()};
}

net::ConnectionId connection_of(LinkId link) {
  return net::ConnectionId{number_of(link)};
}

}  // namespace

std::string_view name_of(StreamEnd end) {
  static constexpr auto kNames = std::to_array<std::string_view>(
      {"by-client", "failed", "idle", "unfinished", "not-turn", "too-long", "not-reading"});
  static_assert(kNames.size() == static_cast<std::size_t>(StreamEnd::Count));
  return kNames.at(static_cast<std::size_t>(end));
}

StreamClients::StreamClients(net::EpollIo& io, const StreamClientLimits& limits, service::Log& log)
    : limits_{limits},
      log_{log, "turn"},
      streams_{io,
               *this,
               {.connections = limits.connections,
                .connections_per_network = limits.connections_per_network}} {}

std::expected<SocketAddress, std::error_code> StreamClients::listen(
    const service::Listener& listener) {
  const bool is_tls = listener.transport == Transport::Tls;
  return streams_.listen(
      listener.address, net::PortSharing::ReusePort,
      {.security = is_tls ? net::StreamSecurity::Tls : net::StreamSecurity::ByFirstByte,
       .proxies = listener.proxies,
       .timeout = limits_.message_timeout});
}

void StreamClients::set_identity(const net::TlsIdentity& identity) {
  streams_.set_tls(std::make_unique<net::OpenSslAcceptor>(identity.streams));
}

LinkSend StreamClients::send(const FiveTuple& to, const LinkMessage& message,
                             Importance importance) {
  const net::ConnectionId id = connection_of(to.link);
  const auto found = clients_.find(id);
  if (found == clients_.end()) return LinkSend::Closed;
  std::size_t room = limits_.unsent_bytes;
  if (importance == Importance::Control) {
    room = found->second.has_allocation ? room + kControlReserveBytes : kStrangerUnsentBytes;
  }
  const auto sent = streams_.send(id, {message.header, message.payload, message.zeros}, room);
  if (sent == net::SendResult::Closed) return LinkSend::Closed;
  if (sent == net::SendResult::Taken) return LinkSend::Taken;
  if (importance == Importance::Control) too_slow_.push_back(id);
  return LinkSend::ClientTooSlow;
}

void StreamClients::flush(Now /*now*/) {
  for (const net::ConnectionId id : std::exchange(too_slow_, {})) {
    const auto found = clients_.find(id);
    if (found == clients_.end()) continue;
    found->second.end = StreamEnd::NotReading;
    streams_.close(id);
  }
  streams_.flush();
}

std::optional<MonoTime> StreamClients::next_deadline() const {
  return streams_.next_deadline();
}

void StreamClients::on_deadline(Now now) {
  streams_.on_deadline(now.mono);
}

std::optional<MonoTime> StreamClients::on_open(net::ConnectionId id,
                                               const net::ConnectionInfo& info, MonoTime now) {
  Client& client = clients_[id];
  client.from = {link_id(LinkKind::Stream, id.value), ClientAddress{info.client}, info.local};
  client.message_deadline = now + limits_.message_timeout;  // for the first one
  return client.message_deadline;
}

std::optional<MonoTime> StreamClients::on_bytes(net::ConnectionId id, ByteView bytes,
                                                MonoTime mono) {
  const Now now = with_wall_clock(mono);
  Client& client = clients_.at(id);
  // Text may look like the start of a long ChannelData: not worth waiting for its end.
  if (!client.has_spoken && stun::frame_kind(bytes) != stun::FrameKind::Stun) {
    client.end = StreamEnd::NotTurn;
    return std::nullopt;
  }
  client.has_spoken = true;
  client.framer.append(bytes);
  bool finished_one = false;
  auto frame = client.framer.next();
  for (; frame; frame = client.framer.next()) {
    finished_one = true;
    on_frame(client, *frame, now);
  }
  if (frame.error() == stun::NoFrame::NeedMoreBytes) return deadline_of(client, finished_one, mono);
  const bool too_long = frame.error() == stun::NoFrame::TooLong;
  client.end = too_long ? StreamEnd::TooLong : StreamEnd::NotTurn;
  return std::nullopt;
}

void StreamClients::on_frame(Client& client, const stun::Frame& frame, Now now) {
  receiver_->on_message(now, client.from, frame.bytes);
  // Nothing but a request makes or ends an allocation.
  if (frame.kind == stun::FrameKind::Stun) update_standing(client, now.mono);
}

void StreamClients::update_standing(Client& client, MonoTime now) {
  client.has_allocation = receiver_->has_allocation(client.from, now);
  client.framer.set_max_frame_bytes(client.has_allocation ? stun::StreamFramer::kMaxFrameBytes
                                                          : kStrangerFrameBytes);
}

// Byte by byte does not buy a stranger time: it counts from the message's first byte.
MonoTime StreamClients::deadline_of(Client& client, bool finished_one, MonoTime now) const {
  const bool unfinished = client.framer.buffered_bytes() > 0 && !client.has_allocation;
  if (!unfinished) {
    client.message_deadline.reset();
    return now + limits_.idle_timeout;
  }
  if (finished_one || !client.message_deadline) {
    client.message_deadline = now + limits_.message_timeout;
  }
  return *client.message_deadline;
}

std::optional<MonoTime> StreamClients::on_idle(net::ConnectionId id, MonoTime now) {
  Client& client = clients_.at(id);
  update_standing(client, now);
  if (client.has_allocation) return now + limits_.idle_timeout;
  client.end = client.message_deadline ? StreamEnd::Unfinished : StreamEnd::Idle;
  return std::nullopt;
}

void StreamClients::on_closed(net::ConnectionId id, net::CloseReason reason) {
  const auto client = clients_.extract(id);
  switch (reason) {
    case net::CloseReason::PeerClosed:
      counters_.ends.count(StreamEnd::ByClient);
      break;
    case net::CloseReason::Failed:
      counters_.ends.count(StreamEnd::Failed);
      break;
    case net::CloseReason::Deadline:
    case net::CloseReason::ByHandler:
      counters_.ends.count(client.mapped().end);
      break;
  }
  receiver_->on_link_closed(with_wall_clock(MonoTime::clock::now()), client.mapped().from);
}

void StreamClients::on_opening_failed(const SocketAddress& client, net::OpeningFailure failure,
                                      std::string_view why) {
  log_.debug("connection refused",
             {{"client", client}, {"reason", net::name_of(failure)}, {"why", why}});
}

}  // namespace icebreaker::turn
