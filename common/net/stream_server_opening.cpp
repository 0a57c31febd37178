// A connection's way to its first byte.
#include <utility>

#include "common/net/stream_server_impl.hpp"

namespace icebreaker::net {

bool StreamServer::count_network(Connection& connection) {
  if (!networks_.take(connection.info.client.ip)) return false;
  connection.counted = connection.info.client.ip;
  return true;
}

void StreamServer::go_on_opening(Connection& connection, ByteView bytes) {
  StreamOpening& opening = *connection.opening;
  const auto step = opening.on_bytes(bytes);
  if (step == StreamOpening::Step::NeedMoreBytes) return;
  if (step == StreamOpening::Step::Failed) connection.failure = opening.failure();
  if (step == StreamOpening::Step::Open) {
    connection.info = opening.info();
    if (!connection.counted && !count_network(connection)) {
      connection.failure = OpeningFailure::NetworkLimit;
    }
  }
  if (connection.failure) {
    connection.ended = CloseReason::ByHandler;
    return;
  }
  const StreamOpening opened = *std::exchange(connection.opening, std::nullopt);
  if (connection.info.transport == Transport::Tls) {
    connection.stream = tls_->accept(std::move(connection.stream), opened.rest());
    read_from(connection);  // no event will tell of what is here already
    return;
  }
  announce(connection);
  if (!connection.ended) hand_over(connection, opened.rest());
}

void StreamServer::fail_opening(const Connection& connection, CloseReason reason) {
  OpeningFailure failure = OpeningFailure::Handshake;
  if (connection.failure) {
    failure = *connection.failure;
  } else if (reason == CloseReason::Deadline) {
    failure = OpeningFailure::Timeout;
  } else if (reason == CloseReason::PeerClosed || connection.opening) {
    failure = OpeningFailure::ClosedByClient;
  }
  counters_.opening_failures.count(failure);
  handler_.on_opening_failed(connection.info.client, failure, connection.stream->trouble());
}

}  // namespace icebreaker::net
