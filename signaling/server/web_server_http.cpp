// HTTP/1.1 on libwebsockets: one request at a time per connection, answered when the application
// says so.
#include <array>
#include <chrono>
#include <ctime>

#include "signaling/server/error_body.hpp"
#include "signaling/server/web_server_impl.hpp"

namespace icebreaker::signaling {

namespace {

// A body above the limit is read to its end so that the client sees the 413, unless it is absurd.
constexpr std::uint64_t kDiscardBytes = std::uint64_t{4} * 1024 * 1024;
constexpr int kResponseSeconds = 30;

// RFC 9110 §5.6.7.
std::string http_date() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 40> text{};
  const std::size_t length =
      std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return std::string{text.data(), length};
}

// lws 4.1 feeds a pipelined request with a body its own head as the body. No body of the protocol
// begins like a request line, so that tells; of its bytes come as many as the body has.
bool is_request_line(Method method, std::string_view bytes) {
  const std::string start = std::string{name_of(method)} + ' ';
  return !bytes.empty() && bytes.substr(0, start.size()) == start.substr(0, bytes.size());
}

int write_all(lws* wsi, std::string& scratch, std::string_view text, lws_write_protocol kind) {
  scratch.assign(LWS_PRE, '\0');
  scratch.append(text);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): lws writes unsigned char.
  auto* const start = reinterpret_cast<unsigned char*>(scratch.data()) + LWS_PRE;
  return lws_write(wsi, start, text.size(), kind);
}

}  // namespace

int WebServer::Impl::on_head(WebConnection& connection) {
  auto head = read_head(connection.wsi);
  if (!head) return -1;
  connection.head = *std::move(head);
  connection.head.http.peer = connection.peer;
  connection.body = BodyProgress::None;
  begin(connection);
  ++counters_.requests;
  switch (connection.head.framing) {
    case BodyFraming::None:
      dispatch(connection);
      return 0;
    case BodyFraming::Missing:
    case BodyFraming::Chunked:
      // lws 4.1 knows no chunked requests.
      refuse(connection,
             error_response(411, ErrorCode::BadMessage, "a body needs a Content-Length"),
             Connection::Close);
      return 0;
    case BodyFraming::Length:
      break;
  }
  const std::uint64_t length = connection.head.content_length;
  if (length > config_.body_bytes) {
    refuse(connection, error_response(413, ErrorCode::TooLarge, "the body is too large"),
           length > kDiscardBytes ? Connection::Close : connection.head.wire.connection);
    return 0;
  }
  connection.phase = Phase::Body;
  connection.head.http.body.reserve(length);
  return 0;
}

int WebServer::Impl::on_body(WebConnection& connection, std::string_view bytes) {
  if (std::exchange(connection.body, BodyProgress::Some) == BodyProgress::None) {
    // Hang up, so that the client sends it again on a connection of its own; lws would go on with
    // memory that it freed, or tell of the body's end for ever.
    if (is_request_line(connection.head.wire.method, bytes)) return -1;
  }
  if (connection.phase != Phase::Body) return 0;
  std::string& body = connection.head.http.body;
  body.append(bytes);
  return body.size() > config_.body_bytes ? -1 : 0;
}

void WebServer::Impl::dispatch(WebConnection& connection) {
  connection.phase = Phase::Held;
  // What is pipelined behind stays in the socket; reading it now would disturb this transaction.
  lws_rx_flow_control(connection.wsi, 0);
  handler_.on_request(connection.id, connection.head.http);
  if (connection.phase != Phase::Held) return;
  connection.head.http = {};  // many requests are held for long
  lws_set_timeout(connection.wsi, NO_PENDING_TIMEOUT, 0);
  hangups_->add(lws_get_socket_fd(connection.wsi), connection.id);
}

void WebServer::Impl::refuse(WebConnection& connection, HttpResponse response, Connection then) {
  connection.head.wire.connection = then;
  queue_response(connection, std::move(response));
}

void WebServer::Impl::respond(ConnectionId request, HttpResponse response) {
  WebConnection* const connection = find(request);
  if (connection == nullptr || connection->phase != Phase::Held) return;
  hangups_->remove(lws_get_socket_fd(connection->wsi));
  queue_response(*connection, std::move(response));
}

void WebServer::Impl::queue_response(WebConnection& connection, HttpResponse response) {
  connection.phase = Phase::Answered;
  connection.response = std::move(response);
  // lws writes nothing while reading is off.
  lws_rx_flow_control(connection.wsi, 1);
  lws_set_timeout(connection.wsi, PENDING_TIMEOUT_HTTP_CONTENT, kResponseSeconds);
  lws_callback_on_writable(connection.wsi);
}

int WebServer::Impl::on_http_writable(WebConnection& connection) {
  if (connection.phase != Phase::Answered || !connection.response) return 0;
  connection.response->headers.emplace_back("Date", http_date());
  const WireOptions wire = connection.head.wire;
  const std::string text = wire_text(*connection.response, wire);
  connection.response.reset();
  connection.head = {};
  connection.phase = Phase::Idle;
  end(connection);
  // What the socket does not take now the library keeps and sends first.
  if (write_all(connection.wsi, scratch_, text, LWS_WRITE_HTTP) < 0) return -1;
  if (wire.connection == Connection::Close) return -1;
  return lws_http_transaction_completed(connection.wsi) != 0 ? -1 : 0;
}

void WebServer::Impl::on_hangup(ConnectionId request) {
  WebConnection* const connection = find(request);
  if (connection == nullptr || connection->phase != Phase::Held) return;
  lws_set_timeout(connection->wsi, PENDING_TIMEOUT_HTTP_CONTENT, LWS_TO_KILL_SYNC);
}

int WebServer::Impl::on_upgrade(WebConnection& connection) {
  auto head = read_head(connection.wsi);
  if (!head) return -1;
  connection.head = *std::move(head);
  connection.head.http.peer = connection.peer;
  auto refusal = handler_.check_upgrade(connection.head.http);
  if (!refusal) return 0;
  ++counters_.requests;
  refusal->headers.emplace_back("Date", http_date());
  connection.head.wire.connection = Connection::Close;
  write_all(connection.wsi, scratch_, wire_text(*refusal, connection.head.wire), LWS_WRITE_HTTP);
  return -1;
}

}  // namespace icebreaker::signaling
