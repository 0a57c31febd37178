#include "turn/server/dtls_links.hpp"

namespace icebreaker::turn {

DtlsLinks::DtlsLinks(net::DatagramIo& io, const DtlsConfig& config)
    : io_{io}, idle_timeout_{config.idle_timeout}, arena_{io}, clients_{*this, config.limits} {}

void DtlsLinks::set_identity(const net::TlsIdentity& identity) {
  clients_.set_identity(identity.datagrams);
  has_identity_ = true;
}

void DtlsLinks::on_datagram(Now now, const net::Datagram& datagram) {
  now_ = now;
  clients_.on_datagram({datagram.socket, datagram.from, datagram.to}, datagram.bytes, now.mono);
}

void DtlsLinks::say_goodbye() {
  clients_.say_goodbye();
  arena_.flush();
}

// Datagrams all the way: nothing queues up for a client, so nothing is important.
LinkSend DtlsLinks::send(const FiveTuple& to, const LinkMessage& message,
                         Importance /*importance*/) {
  message_.assign(message.header.begin(), message.header.end());
  message_.insert(message_.end(), message.payload.begin(), message.payload.end());
  message_.insert(message_.end(), message.zeros, std::byte{0});
  switch (clients_.send(net::AssociationId{number_of(to.link)}, message_)) {
    case net::DtlsClients::Sent::Yes:
      return LinkSend::Taken;
    case net::DtlsClients::Sent::TooLong:
      return LinkSend::TooLong;
    case net::DtlsClients::Sent::Closed:
      break;
  }
  return LinkSend::Closed;
}

void DtlsLinks::flush(Now /*now*/) {
  arena_.flush();
}

void DtlsLinks::on_deadline(Now now) {
  now_ = now;
  clients_.on_deadline(now.mono);
}

void DtlsLinks::send_datagram(const net::DatagramPath& path, ByteView bytes) {
  io_.send({.via = path.socket,
            .source = path.local.ip,
            .to = path.client,
            .header = {},
            .payload = arena_.keep(bytes)});
}

MonoTime DtlsLinks::on_open(net::AssociationId id, const net::DatagramPath& path, MonoTime now) {
  open_.emplace(id, FiveTuple{link_id(LinkKind::Association, id.value), ClientAddress{path.client},
                              path.local});
  return now + idle_timeout_;
}

MonoTime DtlsLinks::on_message(net::AssociationId id, ByteView message, MonoTime now) {
  receiver_->on_message(now_, open_.at(id), message);
  return now + idle_timeout_;
}

std::optional<MonoTime> DtlsLinks::on_idle(net::AssociationId id, MonoTime now) {
  if (!receiver_->has_allocation(open_.at(id), now)) return std::nullopt;
  return now + idle_timeout_;
}

void DtlsLinks::on_closed(net::AssociationId id, net::DtlsEnd /*end*/) {
  const auto closed = open_.extract(id);
  receiver_->on_link_closed(now_, closed.mapped());
}

}  // namespace icebreaker::turn
