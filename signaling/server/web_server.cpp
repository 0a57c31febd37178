#include "signaling/server/web_server.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "signaling/server/error_body.hpp"
#include "signaling/server/lws_log.hpp"
#include "signaling/server/web_server_impl.hpp"

namespace icebreaker::signaling {

namespace {

constexpr unsigned kIdleConnectionSeconds = 75;  // above what proxies keep towards us
constexpr std::size_t kSocketReadBytes = 512;    // kept per WebSocket connection; takes a candidate
constexpr std::size_t kWriteBytes = std::size_t{1024} * 1024;
constexpr int kAcceptBatch = 64;
constexpr std::size_t kRefusedInWords = 32;  // at once, above the limit of connections
constexpr std::chrono::milliseconds kAcceptPause{200};

int on_lws_event(lws* wsi, lws_callback_reasons reason, void* /*user*/, void* in,
                 std::size_t length) noexcept {
  auto* const server = static_cast<WebServer::Impl*>(lws_context_user(lws_get_context(wsi)));
  return server == nullptr ? 0 : server->on_event(wsi, reason, in, length);
}

const std::array<lws_protocols, 3>& protocols() {
  // Every request starts at the first; a WebSocket handshake picks by name.
  static const std::array<lws_protocols, 3> all{
      lws_protocols{"http", on_lws_event, 0, 0, 0, nullptr, kWriteBytes},
      lws_protocols{"icebreaker.v1", on_lws_event, 0, kSocketReadBytes, 0, nullptr, kWriteBytes},
      lws_protocols{nullptr, nullptr, 0, 0, 0, nullptr, 0},
  };
  return all;
}

}  // namespace

WebServer::WebServer(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}

WebServer::~WebServer() = default;

std::expected<std::unique_ptr<WebServer>, std::string> WebServer::start(
    uv_loop_t* loop, const WebServerConfig& config, WebHandler& handler, service::Logger logger) {
  auto impl = std::make_unique<Impl>(loop, config, handler, std::move(logger));
  if (auto started = impl->start(); !started) return std::unexpected(started.error());
  return std::unique_ptr<WebServer>{new WebServer{std::move(impl)}};
}

SocketAddress WebServer::address() const {
  return impl_->address();
}

void WebServer::respond(ConnectionId request, HttpResponse response) {
  impl_->respond(request, std::move(response));
}

void WebServer::open_stream(ConnectionId request, HttpResponse head) {
  impl_->open_stream(request, std::move(head));
}

void WebServer::send_piece(ConnectionId stream, std::string piece) {
  impl_->send_piece(stream, piece);
}

void WebServer::end_stream(ConnectionId stream) {
  impl_->end_stream(stream);
}

void WebServer::send(ConnectionId socket, std::string text) {
  impl_->send(socket, std::move(text));
}

void WebServer::close(ConnectionId socket, SocketClose close) {
  impl_->close(socket, std::move(close));
}

void WebServer::drain() {
  impl_->drain();
}

std::size_t WebServer::open_count() const {
  return impl_->open_count();
}

std::size_t WebServer::connection_count() const {
  return impl_->connection_count();
}

const WebCounters& WebServer::counters() const {
  return impl_->counters();
}

WebServer::Impl::Impl(uv_loop_t* loop, const WebServerConfig& config, WebHandler& handler,
                      service::Logger logger)
    : loop_{loop}, config_{config}, handler_{handler}, logger_{std::move(logger)} {}

WebServer::Impl::~Impl() {
  ending_ = true;
  stop_listening();
  deadline_timer_.reset();
  library_.close();
}

std::expected<void, std::string> WebServer::Impl::start() {
  auto listener = listen_tcp(config_.listen);
  if (!listener) return std::unexpected(listener.error());
  listener_ = *std::move(listener);
  route_lws_log(logger_);
  if (auto created = create_context(); !created) return created;

  watch_ = std::make_unique<SocketWatch>(loop_, [this](ConnectionId id) { on_watched(id); });
  deadline_timer_.start(loop_, [this] { on_deadline_timer(); });
  accept_pause_.start(loop_, [this] { start_accepting(); });
  start_accepting();
  return {};
}

void WebServer::Impl::start_accepting() {
  accept_poll_.start(loop_, listener_.fd.get(), [this] { on_acceptable(); });
}

std::expected<void, std::string> WebServer::Impl::create_context() {
  lws_context_creation_info info = net::usual_lws_options();
  info.options |= LWS_SERVER_OPTION_SKIP_SERVER_CANONICAL_NAME;
  // It goes byte by byte, and decoding refuses what is not UTF-8 anyway.
  info.options &= ~std::uint64_t{LWS_SERVER_OPTION_VALIDATE_UTF8};
  info.user = this;
  info.port = CONTEXT_PORT_NO_LISTEN_SERVER;
  // Of a head as a whole; pieces of a body must not be further apart either.
  const auto head_seconds = static_cast<unsigned>(config_.request_time.count()) / 3;
  info.timeout_secs = std::max(head_seconds, 1U);
  info.timeout_secs_ah_idle = std::max(head_seconds, 1U);
  info.keepalive_timeout = kIdleConnectionSeconds;
  info.protocols = protocols().data();
  if (!config_.certificate_file.empty()) {
    info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
    info.ssl_cert_filepath = config_.certificate_file.c_str();
    info.ssl_private_key_filepath = config_.key_file.c_str();
    info.alpn = "http/1.1";
  }
  return library_.open(loop_, info,
                       "cannot use the certificate " + config_.certificate_file + " with the key " +
                           config_.key_file +
                           "; both must be readable PEM files that belong together");
}

void WebServer::Impl::stop_listening() {
  accept_poll_.reset();
  accept_pause_.reset();
  listener_.fd = net::UniqueFd{};
}

void WebServer::Impl::on_acceptable() {
  for (int i = 0; i < kAcceptBatch; ++i) {
    auto accepted = accept_tcp(listener_);
    if (accepted) {
      adopt(*std::move(accepted));
      continue;
    }
    const int error = accepted.error();
    if (error == ECONNABORTED || error == EINTR) continue;
    if (error != EAGAIN && error != EWOULDBLOCK) {
      ++counters_.accept_failures;
      logger_.warn_limited(accept_warnings_, std::chrono::steady_clock::now(),
                           "cannot accept connections; raise the limit of open files",
                           {{"error", std::error_code{error, std::system_category()}}});
      // The listener stays readable, and no descriptor comes free in no time.
      accept_poll_.reset();
      accept_pause_.set(kAcceptPause);
    }
    break;
  }
  // Its timers start only after I/O of its own, so a client that connects and stays silent would
  // keep its slot for as long as nobody else comes.
  lws_cancel_service(library_.context());
}

void WebServer::Impl::adopt(AcceptedSocket accepted) {
  ++counters_.connections;
  auto owned = std::make_unique<WebConnection>();
  WebConnection* const connection = owned.get();
  connection->peer = accepted.peer;
  if (connections_.size() >= config_.connections) {
    ++counters_.excess;
    connection->load = HttpRequest::Load::Excess;
    logger_.warn_limited(accept_warnings_, std::chrono::steady_clock::now(),
                         "refusing connections above limits.connections",
                         {{"limit", config_.connections}});
    if (connections_.size() >= config_.connections + kRefusedInWords) return;
  }
  connections_.emplace(connection, std::move(owned));

  lws_adopt_desc_t description{};
  description.vh = library_.vhost();
  description.type =
      static_cast<lws_adoption_type>(LWS_ADOPT_SOCKET | LWS_ADOPT_HTTP | LWS_ADOPT_ALLOW_SSL);
  description.fd.sockfd = accepted.fd.release();
  description.opaque = connection;
  // On failure the library has closed the descriptor and told us of its end, if of its start.
  if (lws_adopt_descriptor_vhost_via_info(&description) == nullptr) connections_.erase(connection);
}

int WebServer::Impl::on_event(lws* wsi, lws_callback_reasons reason, void* in, std::size_t length) {
  auto* const connection = static_cast<WebConnection*>(lws_get_opaque_user_data(wsi));
  if (connection == nullptr || !connections_.contains(connection)) return 0;
  connection->wsi = wsi;
  if (reason == LWS_CALLBACK_WSI_DESTROY) {
    on_closed(*connection);
    connections_.erase(connection);
    return 0;
  }
  const std::string_view bytes{static_cast<const char*>(in), in == nullptr ? 0 : length};
  return on_connection_event(*connection, reason, bytes);
}

int WebServer::Impl::on_connection_event(WebConnection& connection, lws_callback_reasons reason,
                                         std::string_view bytes) {
  switch (reason) {
    case LWS_CALLBACK_HTTP:
      return on_head(connection);
    case LWS_CALLBACK_HTTP_BODY:
      return on_body(connection, bytes);
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
      return connection.phase == Phase::Body ? on_body_end(connection) : 0;
    case LWS_CALLBACK_HTTP_WRITEABLE:
      return on_http_writable(connection);
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
      return on_upgrade(connection);
    case LWS_CALLBACK_ESTABLISHED:
      on_established(connection);
      return 0;
    case LWS_CALLBACK_RECEIVE:
      return on_frame(connection, bytes);
    case LWS_CALLBACK_RECEIVE_PONG:
      ++counters_.pongs;
      connection.last_heard = std::chrono::steady_clock::now();
      return 0;
    case LWS_CALLBACK_SERVER_WRITEABLE:
      return on_socket_writable(connection);
    case LWS_CALLBACK_CLOSED:
    case LWS_CALLBACK_CLOSED_HTTP:
      on_closed(connection);
      return 0;
    // CONNECT turns a connection into raw bytes: not ours.
    case LWS_CALLBACK_RAW_ADOPT:
    case LWS_CALLBACK_RAW_RX:
      return -1;
    default:
      return 0;
  }
}

void WebServer::Impl::set_deadline(const WebConnection& connection,
                                   std::chrono::milliseconds after) {
  const MonoTime now = std::chrono::steady_clock::now();
  deadlines_.set(connection.id, now + after);
  start_deadline_timer(now);
}

void WebServer::Impl::start_deadline_timer(MonoTime now) {
  const auto next = deadlines_.next();
  if (!next) return;
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(*next - now);
  deadline_timer_.set(std::max(wait, std::chrono::milliseconds{0}));
}

void WebServer::Impl::on_deadline_timer() {
  const MonoTime now = std::chrono::steady_clock::now();
  while (const auto due = deadlines_.pop_due(now)) {
    WebConnection* const connection = find(*due);
    if (connection == nullptr) continue;
    if (connection->phase == Phase::Socket) {
      on_socket_deadline(*connection, now);
    } else if (connection->phase == Phase::Body) {
      refuse(*connection,
             error_response(408, ErrorCode::BadMessage, "the body did not come in time"),
             Connection::Close);
    } else {
      ++counters_.slow_readers;
      hang_up(*connection);
    }
  }
  start_deadline_timer(now);
}

WebConnection* WebServer::Impl::find(ConnectionId id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second;
}

void WebServer::Impl::begin(WebConnection& connection) {
  connection.id = ConnectionId{++last_id_};
  by_id_.emplace(connection.id, &connection);
}

void WebServer::Impl::end(WebConnection& connection) {
  by_id_.erase(connection.id);
  deadlines_.erase(connection.id);
}

void WebServer::Impl::on_closed(WebConnection& connection) {
  const Phase phase = std::exchange(connection.phase, Phase::Idle);
  if (phase != Phase::Socket) watch_->remove(lws_get_socket_fd(connection.wsi));
  if (find(connection.id) != &connection) return;
  end(connection);
  if (ending_) return;
  if (phase == Phase::Held || phase == Phase::Streaming) handler_.on_request_gone(connection.id);
  if (phase == Phase::Socket) handler_.on_socket_closed(connection.id);
}

}  // namespace icebreaker::signaling
