// Responses that go on: chunks of HTTP/1.1, or until the end of the connection.
#include <array>
#include <charconv>
#include <utility>

#include "signaling/server/web_server_impl.hpp"

namespace icebreaker::signaling {

namespace {

// RFC 9112 §7.1.
std::string chunk_of(std::string_view piece) {
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.begin(), digits.end(), piece.size(), 16).ptr;
  std::string chunk{digits.begin(), end};
  chunk.reserve(chunk.size() + piece.size() + 4);
  return chunk.append("\r\n").append(piece).append("\r\n");
}

}  // namespace

void WebServer::Impl::open_stream(ConnectionId request, HttpResponse head) {
  WebConnection* const connection = find(request);
  if (connection == nullptr || connection->phase != Phase::Held) return;
  connection->phase = Phase::Streaming;
  connection->flow = WebConnection::Flow::Free;
  connection->stream_ended = false;
  // Without chunks the end of the connection is the end of the body.
  if (connection->wire.version == HttpVersion::V10) connection->wire.connection = Connection::Close;
  head.headers.emplace_back("Date", http_date());
  connection->outgoing.put(wire_stream_head(head, connection->wire));
  lws_http_headers_detach(connection->wsi);  // the library's table of them is several KB
  lws_set_timeout(connection->wsi, NO_PENDING_TIMEOUT, 0);
  watch_->add(lws_get_socket_fd(connection->wsi), request, SocketWatch::Event::HungUp);
  ++counters_.streams;
  write_stream(*connection);
}

WebConnection* WebServer::Impl::find_stream(ConnectionId stream) const {
  WebConnection* const connection = find(stream);
  const bool open = connection != nullptr && connection->phase == Phase::Streaming &&
                    connection->flow != WebConnection::Flow::Broken && !connection->stream_ended;
  return open ? connection : nullptr;
}

void WebServer::Impl::send_piece(ConnectionId stream, std::string_view piece) {
  WebConnection* const connection = find_stream(stream);
  if (connection != nullptr) put_piece(*connection, piece);
}

void WebServer::Impl::end_stream(ConnectionId stream) {
  WebConnection* const connection = find_stream(stream);
  if (connection == nullptr) return;
  connection->stream_ended = true;
  put_piece(*connection, {});
}

// The empty piece is the last.
void WebServer::Impl::put_piece(WebConnection& connection, std::string_view piece) {
  const bool chunked = connection.wire.version == HttpVersion::V11;
  connection.outgoing.put(chunked ? chunk_of(piece) : std::string{piece});
  if (connection.outgoing.size() > config_.outbox_bytes) {
    ++counters_.slow_readers;
    connection.outgoing = {};
    connection.flow = WebConnection::Flow::Broken;
    return hang_up(connection);
  }
  if (connection.flow == WebConnection::Flow::Free) write_stream(connection);
}

void WebServer::Impl::write_stream(WebConnection& connection) {
  using Flow = WebConnection::Flow;
  const int fd = lws_get_socket_fd(connection.wsi);
  const Flow before = std::exchange(connection.flow, Flow::Free);
  switch (connection.outgoing.write(fd, lws_get_ssl(connection.wsi))) {
    case Outgoing::Progress::Broken:
      connection.flow = Flow::Broken;
      return hang_up(connection);
    case Outgoing::Progress::Blocked:
      connection.flow = Flow::Blocked;
      return wait_for_room(connection);
    case Outgoing::Progress::Done:
      break;
  }
  deadlines_.erase(connection.id);
  if (!connection.stream_ended) {
    if (before == Flow::Blocked) watch_->add(fd, connection.id, SocketWatch::Event::HungUp);
    return;
  }
  watch_->remove(fd);
  connection.phase = Phase::Answered;
  go_on_when_writable(connection);
}

}  // namespace icebreaker::signaling
