// HTTP/1.1 on libwebsockets: one request at a time per connection, answered when the application
// says so.
#include <chrono>
#include <memory>

#include "signaling/server/error_body.hpp"
#include "signaling/server/web_server_impl.hpp"

namespace icebreaker::signaling {

namespace {

// A body above the limit is read to its end so that the client sees the 413, unless it is absurd.
constexpr std::uint64_t kDiscardBytes = std::uint64_t{4} * 1024 * 1024;
// A client may take this long to read more of its response.
constexpr std::chrono::seconds kReadGrace{30};

// lws 4.1 feeds a pipelined request with a body its own head as the body. No body of the protocol
// begins like a request line, so that tells; of its bytes come as many as the body has.
bool is_request_line(Method method, std::string_view bytes) {
  const std::string start = std::string{name_of(method)} + ' ';
  return !bytes.empty() && bytes.substr(0, start.size()) == start.substr(0, bytes.size());
}

HttpResponse body_too_large() {
  return error_response(413, ErrorCode::TooLarge, "the body is too large");
}

void take_head(WebConnection& connection, RequestHead head) {
  connection.wire = head.wire;
  connection.head = std::make_unique<RequestHead>(std::move(head));
  connection.head->http.peer = connection.peer;
  connection.head->http.load = connection.load;
  if (connection.load == HttpRequest::Load::Excess) connection.wire.connection = Connection::Close;
}

}  // namespace

int WebServer::Impl::on_head(WebConnection& connection) {
  auto head = read_head(connection.wsi);
  if (!head) return -1;
  take_head(connection, *std::move(head));
  connection.body = BodyProgress::None;
  begin(connection);
  ++counters_.requests;
  switch (connection.head->framing) {
    case BodyFraming::None:
      return dispatch(connection);
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
  const std::uint64_t length = connection.head->content_length;
  if (length > kDiscardBytes) {
    refuse(connection, body_too_large(), Connection::Close);
    return 0;
  }
  connection.phase = Phase::Body;
  if (length <= config_.body_bytes) connection.head->http.body.reserve(length);
  set_deadline(connection, config_.request_time * 2 / 3);
  return 0;
}

int WebServer::Impl::on_body(WebConnection& connection, std::string_view bytes) {
  if (std::exchange(connection.body, BodyProgress::Some) == BodyProgress::None) {
    // Hang up, so that the client sends it again on a connection of its own; lws would go on with
    // memory that it freed, or tell of the body's end for ever.
    if (is_request_line(connection.wire.method, bytes)) return -1;
  }
  if (connection.phase != Phase::Body) return 0;
  if (connection.head->content_length > config_.body_bytes) return 0;
  std::string& body = connection.head->http.body;
  body.append(bytes);
  return body.size() > config_.body_bytes ? -1 : 0;
}

int WebServer::Impl::on_body_end(WebConnection& connection) {
  if (connection.head->content_length <= config_.body_bytes) return dispatch(connection);
  refuse(connection, body_too_large(), connection.wire.connection);
  return 0;
}

int WebServer::Impl::dispatch(WebConnection& connection) {
  connection.phase = Phase::Held;
  deadlines_.erase(connection.id);
  const auto head = std::move(connection.head);  // many requests are held for long
  dispatching_ = connection.id;
  handler_.on_request(connection.id, head->http);
  dispatching_ = {};
  if (connection.phase == Phase::Answered) return write_response(connection);
  // What is pipelined behind stays in the socket; reading it now would disturb this transaction.
  lws_rx_flow_control(connection.wsi, 0);
  if (connection.phase != Phase::Held) return 0;
  lws_http_headers_detach(connection.wsi);  // the library's table of them is several KB
  lws_set_timeout(connection.wsi, NO_PENDING_TIMEOUT, 0);
  watch_->add(lws_get_socket_fd(connection.wsi), connection.id, SocketWatch::Event::HungUp);
  return 0;
}

void WebServer::Impl::refuse(WebConnection& connection, HttpResponse response, Connection then) {
  connection.wire.connection = then;
  put_response(connection, handler_.refuse_body(connection.head->http, std::move(response)));
  go_on_when_writable(connection);
}

// Writes it without asking first whether the socket takes it, which costs eight epoll_ctl on the
// library's libuv plugin.
void WebServer::Impl::respond(ConnectionId request, HttpResponse response) {
  WebConnection* const connection = find(request);
  if (connection == nullptr || connection->phase != Phase::Held) return;
  put_response(*connection, std::move(response));
  if (request == dispatching_) return;
  watch_->remove(lws_get_socket_fd(connection->wsi));
  // Only from its own call the library closes without losing what was written.
  if (connection->wire.connection == Connection::Close) return go_on_when_writable(*connection);
  lws_rx_flow_control(connection->wsi, 1);
  if (write_response(*connection) != 0) hang_up(*connection);
}

void WebServer::Impl::put_response(WebConnection& connection, HttpResponse response) {
  connection.phase = Phase::Answered;
  deadlines_.erase(connection.id);
  connection.head.reset();
  lws_set_timeout(connection.wsi, NO_PENDING_TIMEOUT, 0);
  if (draining_) connection.wire.connection = Connection::Close;
  response.headers.emplace_back("Date", http_date());
  connection.outgoing.put(wire_head(response, connection.wire));
  if (carries_content(response, connection.wire)) {
    if (response.shared_body) {
      connection.outgoing.put(std::move(response.shared_body));
    } else {
      connection.outgoing.put(std::move(response.body));
    }
  }
}

void WebServer::Impl::go_on_when_writable(WebConnection& connection) {
  lws_rx_flow_control(connection.wsi, 1);  // it tells of nothing while reading is off
  lws_callback_on_writable(connection.wsi);
}

// The library would read meanwhile, or spin on what it does not want to read.
void WebServer::Impl::wait_for_room(WebConnection& connection) {
  lws_rx_flow_control(connection.wsi, 0);
  set_deadline(connection, kReadGrace);
  watch_->add(lws_get_socket_fd(connection.wsi), connection.id, SocketWatch::Event::Writable);
}

int WebServer::Impl::on_http_writable(WebConnection& connection) {
  return connection.phase == Phase::Answered ? write_response(connection) : 0;
}

// Not zero: the connection ends here.
int WebServer::Impl::write_response(WebConnection& connection) {
  lws* const wsi = connection.wsi;
  switch (connection.outgoing.write(lws_get_socket_fd(wsi), lws_get_ssl(wsi))) {
    case Outgoing::Progress::Broken:
      return -1;
    case Outgoing::Progress::Blocked:
      wait_for_room(connection);
      return 0;
    case Outgoing::Progress::Done:
      break;
  }
  if (connection.wire.connection == Connection::Close) return -1;
  // At once, or the next request would come before the library is done with this one.
  if (lws_http_transaction_completed(wsi) != 0) return -1;
  connection.phase = Phase::Completed;
  if (lws_send_pipe_choked(wsi) != 0) {
    wait_for_room(connection);
  } else {
    finish(connection);
  }
  return 0;
}

void WebServer::Impl::finish(WebConnection& connection) {
  connection.phase = Phase::Idle;
  end(connection);
}

void WebServer::Impl::on_watched(ConnectionId request) {
  WebConnection* const connection = find(request);
  if (connection == nullptr) return;
  if (connection->phase == Phase::Held) return hang_up(*connection);
  if (connection->phase == Phase::Streaming) {
    return connection->flow == WebConnection::Flow::Blocked ? write_stream(*connection)
                                                            : hang_up(*connection);
  }
  if (connection->phase == Phase::Completed) finish(*connection);
  go_on_when_writable(*connection);
}

// Soon: this may be inside a call of the library for the same connection.
void WebServer::Impl::hang_up(WebConnection& connection) {
  lws_set_timeout(connection.wsi, PENDING_TIMEOUT_HTTP_CONTENT, LWS_TO_KILL_ASYNC);
  lws_cancel_service(library_.context());  // see on_acceptable
}

int WebServer::Impl::on_upgrade(WebConnection& connection) {
  auto head = read_head(connection.wsi);
  if (!head) return -1;
  take_head(connection, *std::move(head));
  auto refusal = handler_.check_upgrade(connection.head->http);
  if (!refusal) return 0;
  ++counters_.requests;
  refusal->headers.emplace_back("Date", http_date());
  connection.wire.connection = Connection::Close;
  Outgoing outgoing;
  outgoing.put(wire_text(*refusal, connection.wire));
  outgoing.write(lws_get_socket_fd(connection.wsi), lws_get_ssl(connection.wsi));
  return -1;
}

}  // namespace icebreaker::signaling
