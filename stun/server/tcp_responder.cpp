#include "stun/server/tcp_responder.hpp"

#include <array>
#include <utility>

namespace icebreaker::stun {

TcpResponder::TcpResponder(net::EpollIo& io, TcpLimits limits)
    : limits_{limits},
      streams_{
          io,
          *this,
          {.connections = limits.connections, .unsent_bytes_per_connection = kMaxUnsentBytes}} {}

std::optional<MonoTime> TcpResponder::on_open(net::ConnectionId id, const net::ConnectionInfo& info,
                                              MonoTime now) {
  clients_[id].address = ClientAddress{info.client};
  return now + limits_.message_timeout;
}

std::optional<MonoTime> TcpResponder::on_bytes(net::ConnectionId id, ByteView bytes, MonoTime now) {
  Client& client = clients_.at(id);
  // Text protocols may look like the start of a long ChannelData: not worth waiting for its end.
  const bool starts_message = client.framer.buffered_bytes() == 0;
  if (starts_message && frame_kind(bytes) != FrameKind::Stun) return refuse(client);
  client.framer.append(bytes);
  bool any = false;
  auto frame = client.framer.next();
  for (; frame; frame = client.framer.next()) {
    any = true;
    if (frame->kind != FrameKind::Stun) return refuse(client);
    if (answer(id, client, frame->bytes)) continue;
    client.end = StreamEnd::NotReading;
    return std::nullopt;
  }
  if (frame.error() != NoFrame::NeedMoreBytes) return refuse(client);
  if (client.framer.buffered_bytes() == 0) {
    client.message_deadline.reset();
    return now + limits_.idle_timeout;
  }
  // Byte by byte does not buy time: the deadline counts from the message's first byte.
  if (any || !client.message_deadline) client.message_deadline = now + limits_.message_timeout;
  return client.message_deadline;
}

// Out of step: nothing that follows can be understood.
std::optional<MonoTime> TcpResponder::refuse(Client& client) {
  messages_.count(Outcome::NotStun);
  client.end = StreamEnd::NotStun;
  return std::nullopt;
}

// False when the client does not read its answers.
bool TcpResponder::answer(net::ConnectionId id, const Client& client, ByteView message) {
  std::array<std::byte, kMaxResponseBytes> buffer{};
  const Response response = respond_to(message, client.address, buffer);
  messages_.count(response.outcome);
  return response.bytes.empty() || streams_.send(id, response.bytes) != net::SendResult::NoRoom;
}

void TcpResponder::on_closed(net::ConnectionId id, net::CloseReason reason) {
  const auto client = clients_.extract(id);
  switch (reason) {
    case net::CloseReason::PeerClosed:
      ends_.count(StreamEnd::ByPeer);
      return;
    case net::CloseReason::Failed:
      ends_.count(StreamEnd::Failed);
      return;
    case net::CloseReason::Deadline:
      ends_.count(StreamEnd::Timeout);
      return;
    case net::CloseReason::ByHandler:
      ends_.count(client.mapped().end);
      return;
  }
}

}  // namespace icebreaker::stun
