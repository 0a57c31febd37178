#include "common/service/metrics_endpoint.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include <libwebsockets.h>
#include <sys/socket.h>

#include "common/net/lws_write.hpp"
#include "common/net/open_socket.hpp"
#include "common/net/sockaddr.hpp"
#include "common/service/listeners.hpp"

namespace icebreaker::service {
namespace {

constexpr unsigned kRequestSeconds = 5;  // to send a request and to read the answer
constexpr unsigned kDescriptors = 64;    // of the endpoint; what is above waits to be accepted
constexpr std::size_t kWriteBytes = std::size_t{256} * 1024;

enum class Content : std::uint8_t { Sent, LeftOut };

struct Reply {
  std::string_view status = "200 OK";
  std::string body{};
  std::string_view content_type = "text/plain; charset=utf-8";
  std::string_view more_headers{};
};

std::string wire_text(const Reply& reply, Content content) {
  std::string text{"HTTP/1.1 "};
  text.append(reply.status).append("\r\nContent-Type: ").append(reply.content_type);
  text.append("\r\nContent-Length: ").append(std::to_string(reply.body.size()));
  text.append("\r\nCache-Control: no-store\r\nConnection: close\r\n").append(reply.more_headers);
  text.append("\r\n");
  if (content == Content::Sent) text.append(reply.body);
  return text;
}

void write(lws* wsi, const std::string& text) {
  std::string scratch;
  net::write_lws(wsi, scratch, text, LWS_WRITE_HTTP);
}

}  // namespace

// One thread with a context of its own: a context is not safe to share, and the caller's loop may
// be busy or, while it stops, gone.
struct MetricsEndpoint::Impl {
  CollectMetrics collect;
  NotReadyReason not_ready;
  SocketAddress address;
  net::UniqueFd listener;
  lws_context* context = nullptr;
  lws_vhost* vhost = nullptr;
  std::atomic<bool> stopping = false;
  std::thread thread;

  Impl(CollectMetrics collect_metrics, NotReadyReason not_ready_reason)
      : collect{std::move(collect_metrics)}, not_ready{std::move(not_ready_reason)} {}

  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  Impl(Impl&&) = delete;
  Impl& operator=(Impl&&) = delete;

  ~Impl() {
    stopping = true;
    if (context != nullptr) lws_cancel_service(context);
    if (thread.joinable()) thread.join();
    if (context != nullptr) lws_context_destroy(context);
  }

  [[nodiscard]] std::error_code listen(const SocketAddress& wanted) {
    auto opened = net::open_tcp_listener(wanted, net::PortSharing::Exclusive);
    if (!opened) return opened.error();
    listener = *std::move(opened);
    address = net::local_address_of(listener.get()).value_or(wanted);
    return {};
  }

  [[nodiscard]] bool open_library();
  // Why not, if it could not be made.
  [[nodiscard]] std::error_code start_thread();

  static int on_event(lws* wsi, lws_callback_reasons reason, void* user, void* in,
                      std::size_t length) noexcept;
  void accept_all(int listening) const;
  void answer(lws* wsi, std::string_view path) const;
  [[nodiscard]] Reply reply_to(std::string_view path) const;
};

bool MetricsEndpoint::Impl::open_library() {
  static const std::array<lws_protocols, 2> protocols{
      lws_protocols{"metrics", &Impl::on_event, 0, 0, 0, nullptr, kWriteBytes},
      lws_protocols{nullptr, nullptr, 0, 0, 0, nullptr, 0},
  };
  // A program that uses the library for more has routed its log already.
  if (lwsl_visible(LLL_NOTICE) != 0) lws_set_log_level(0, nullptr);
  lws_context_creation_info info{};
  info.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_SKIP_SERVER_CANONICAL_NAME;
  info.user = this;
  info.port = CONTEXT_PORT_NO_LISTEN_SERVER;
  info.gid = -1;
  info.uid = -1;
  info.fd_limit_per_thread = kDescriptors;
  info.timeout_secs = kRequestSeconds;
  info.timeout_secs_ah_idle = kRequestSeconds;
  info.protocols = protocols.data();
  context = lws_create_context(&info);
  if (context != nullptr) vhost = lws_create_vhost(context, &info);
  if (vhost == nullptr) return false;
  lws_sock_file_fd_type listening{};
  listening.filefd = listener.release();  // the library's, whatever comes
  return lws_adopt_descriptor_vhost(vhost, LWS_ADOPT_RAW_FILE_DESC, listening, "metrics",
                                    nullptr) != nullptr;
}

std::error_code MetricsEndpoint::Impl::start_thread() {
  try {
    thread = std::thread{[this] {
      while (!stopping && lws_service(context, 0) >= 0) {
      }
    }};
    return {};
  } catch (const std::system_error& error) {
    return error.code();
  }
}

int MetricsEndpoint::Impl::on_event(lws* wsi, lws_callback_reasons reason, void* /*user*/, void* in,
                                    std::size_t length) noexcept {
  const auto* const self = static_cast<const Impl*>(lws_context_user(lws_get_context(wsi)));
  switch (reason) {
    case LWS_CALLBACK_RAW_RX_FILE:
      self->accept_all(lws_get_socket_fd(wsi));
      return 0;
    case LWS_CALLBACK_HTTP:
      self->answer(wsi, {static_cast<const char*>(in), length});
      return -1;  // hangs up after what was written
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
      return -1;
    default:
      return 0;
  }
}

void MetricsEndpoint::Impl::accept_all(int listening) const {
  while (true) {
    const int fd = ::accept4(listening, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    lws_adopt_descriptor_vhost(vhost,
                               static_cast<lws_adoption_type>(LWS_ADOPT_SOCKET | LWS_ADOPT_HTTP),
                               {.sockfd = fd}, nullptr, nullptr);
  }
}

void MetricsEndpoint::Impl::answer(lws* wsi, std::string_view path) const {
  const bool is_get = lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) > 0;
  if (!is_get && lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) == 0) {
    Reply refusal{.status = "405 Method Not Allowed", .body = "only GET and HEAD\n"};
    refusal.more_headers = "Allow: GET, HEAD\r\n";
    return write(wsi, wire_text(refusal, Content::Sent));
  }
  write(wsi, wire_text(reply_to(path), is_get ? Content::Sent : Content::LeftOut));
}

Reply MetricsEndpoint::Impl::reply_to(std::string_view path) const {
  if (path == "/healthz") return {.body = "ok\n"};
  if (path == "/readyz") {
    const auto reason = not_ready();
    if (!reason) return {.body = "ready\n"};
    return {.status = "503 Service Unavailable",
            .body = *reason + '\n',
            .more_headers = "Retry-After: 1\r\n"};
  }
  if (path != "/metrics") return {.status = "404 Not Found", .body = "see /metrics\n"};
  return {.body = exposition_of(collect()),
          .content_type = "text/plain; version=0.0.4; charset=utf-8"};
}

std::expected<std::unique_ptr<MetricsEndpoint>, std::string> MetricsEndpoint::start(
    const SocketAddress& address, CollectMetrics collect, NotReadyReason not_ready) {
  auto impl = std::make_unique<Impl>(std::move(collect), std::move(not_ready));
  const std::string where = address.to_string();
  if (const auto error = impl->listen(address)) {
    return std::unexpected("cannot listen on " + where + ": " + error.message() +
                           listen_advice(error, "[metrics]"));
  }
  if (!impl->open_library()) {
    return std::unexpected("cannot serve metrics on " + where + ": libwebsockets did not start");
  }
  if (const auto error = impl->start_thread()) {
    return std::unexpected("cannot start the thread that serves metrics on " + where + ": " +
                           error.message() + "; raise the limit of processes");
  }
  return std::unique_ptr<MetricsEndpoint>{new MetricsEndpoint{std::move(impl)}};
}

MetricsEndpoint::MetricsEndpoint(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}

MetricsEndpoint::~MetricsEndpoint() = default;

const SocketAddress& MetricsEndpoint::address() const {
  return impl_->address;
}

}  // namespace icebreaker::service
