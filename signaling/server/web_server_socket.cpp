// WebSocket on libwebsockets: whole messages in, a bounded outbox out, pings.
#include <algorithm>
#include <chrono>

#include "common/net/lws_write.hpp"
#include "signaling/server/web_server_impl.hpp"

namespace icebreaker::signaling {

namespace {

// Background tabs throttle timers, so silence says little; three unanswered pings say enough.
constexpr std::chrono::milliseconds kToleratedSilence{75'000};
// libwebsockets 4.1.6 does not tell of the answer to a ping without a payload.
constexpr std::string_view kPing = "ping";
constexpr std::uint16_t kCloseTooSlow = 4429;
// For a client that does not read what comes before the close frame, or does not answer it.
constexpr std::chrono::milliseconds kCloseGrace{5'000};

}  // namespace

void WebServer::Impl::on_established(WebConnection& connection) {
  connection.phase = Phase::Socket;
  connection.last_heard = std::chrono::steady_clock::now();
  begin(connection);
  ++counters_.sockets;
  set_deadline(connection, config_.ping);
  handler_.on_socket_open(connection.id, connection.head->http);
  connection.head.reset();
}

int WebServer::Impl::on_frame(WebConnection& connection, std::string_view bytes) {
  connection.last_heard = std::chrono::steady_clock::now();
  if (connection.closing) return 0;
  const bool begins = lws_is_first_fragment(connection.wsi) != 0;
  const bool ends = lws_is_final_fragment(connection.wsi) != 0 &&
                    lws_remaining_packet_payload(connection.wsi) == 0;
  if (begins) {
    connection.message.clear();
    connection.message_too_large = false;
  }
  if (connection.message_too_large) return 0;
  if (connection.message.size() + bytes.size() > config_.message_bytes) {
    connection.message = {};
    connection.message_too_large = true;
    handler_.on_socket_too_large(connection.id);
    return 0;
  }
  if (begins && ends) {
    handler_.on_socket_message(connection.id, bytes);
    return 0;
  }
  connection.message.append(bytes);
  if (ends) handler_.on_socket_message(connection.id, std::exchange(connection.message, {}));
  return 0;
}

// Without asking first whether the socket takes it: each wait for that costs four epoll_ctl on the
// library's libuv plugin, more than the rest of a message.
void WebServer::Impl::send(ConnectionId socket, std::string text) {
  WebConnection* const connection = find(socket);
  if (connection == nullptr || connection->phase != Phase::Socket || connection->closing ||
      connection->broken) {
    return;
  }
  if (!has_unwritten(*connection)) {
    connection->broken = net::write_lws(connection->wsi, scratch_, text, LWS_WRITE_TEXT) < 0;
    if (connection->broken || has_unwritten(*connection)) {
      lws_callback_on_writable(connection->wsi);
    }
    return;
  }
  connection->outbox_bytes += text.size();
  connection->outbox.push_back(std::move(text));
  if (connection->outbox_bytes > config_.outbox_bytes) {
    ++counters_.slow_readers;
    drop_outbox(*connection);
    close(socket, {.code = kCloseTooSlow, .reason = "reads too slowly"});
  }
}

bool WebServer::Impl::has_unwritten(const WebConnection& connection) {
  return !connection.outbox.empty() || lws_partial_buffered(connection.wsi) != 0;
}

void WebServer::Impl::close(ConnectionId socket, SocketClose close) {
  WebConnection* const connection = find(socket);
  if (connection == nullptr || connection->phase != Phase::Socket || connection->closing) return;
  connection->closing = std::move(close);
  set_deadline(*connection, kCloseGrace);
  lws_callback_on_writable(connection->wsi);
}

void WebServer::Impl::drop_outbox(WebConnection& connection) {
  connection.outbox.clear();
  connection.outbox_bytes = 0;
}

int WebServer::Impl::on_socket_writable(WebConnection& connection) {
  if (connection.broken || !write_frames(connection)) return -1;
  if (has_unwritten(connection)) {
    lws_callback_on_writable(connection.wsi);
    return 0;
  }
  if (connection.closing && !std::exchange(connection.close_started, true)) start_close(connection);
  return 0;
}

void WebServer::Impl::start_close(WebConnection& connection) {
  std::string reason = connection.closing->reason;
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): lws takes unsigned char.
  auto* const text = reinterpret_cast<unsigned char*>(reason.data());
  constexpr std::size_t kMaxReason = 123;  // RFC 6455 §5.5
  lws_close_reason(connection.wsi, static_cast<lws_close_status>(connection.closing->code), text,
                   std::min(reason.size(), kMaxReason));
  // Not by returning -1: Debian's build of the library then closes twice, "to confirm that it can",
  // and the second time drops the close frame.
  lws_set_timeout(connection.wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
}

// False when the connection is broken.
bool WebServer::Impl::write_frames(WebConnection& connection) {
  if (std::exchange(connection.ping_due, false) &&
      net::write_lws(connection.wsi, scratch_, kPing, LWS_WRITE_PING) < 0) {
    return false;
  }
  // What the socket does not take of a frame the library keeps and sends first.
  auto next = connection.outbox.begin();
  for (; next != connection.outbox.end() && lws_partial_buffered(connection.wsi) == 0; ++next) {
    connection.outbox_bytes -= next->size();
    if (net::write_lws(connection.wsi, scratch_, *next, LWS_WRITE_TEXT) < 0) return false;
  }
  connection.outbox.erase(connection.outbox.begin(), next);
  if (connection.outbox.empty()) connection.outbox = {};  // most connections are idle
  return true;
}

void WebServer::Impl::on_socket_deadline(WebConnection& connection, MonoTime now) {
  if (connection.closing) {
    lws_set_timeout(connection.wsi, PENDING_TIMEOUT_CLOSE_SEND, LWS_TO_KILL_SYNC);
    lws_cancel_service(library_.context());  // see on_acceptable
    return;
  }
  if (now - connection.last_heard > std::max(kToleratedSilence, 3 * config_.ping)) {
    ++counters_.silent;
    lws_set_timeout(connection.wsi, PENDING_TIMEOUT_WS_PONG_CHECK_GET_PONG, LWS_TO_KILL_SYNC);
    return;
  }
  connection.ping_due = true;
  lws_callback_on_writable(connection.wsi);
  deadlines_.set(connection.id, now + config_.ping);
}

}  // namespace icebreaker::signaling
