#include "common/service/metrics_endpoint.hpp"

#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <utility>

#include <civetweb.h>

namespace icebreaker::service {
namespace {

constexpr int kOk = 200;
constexpr int kMethodNotAllowed = 405;
constexpr int kServiceUnavailable = 503;

struct Reply {
  int status = kOk;
  std::string body;
  std::string_view content_type = "text/plain; charset=utf-8";
};

int answer(mg_connection* connection, const Reply& reply) {
  mg_response_header_start(connection, reply.status);
  const std::string length = std::to_string(reply.body.size());
  mg_response_header_add(connection, "Content-Type", reply.content_type.data(),
                         static_cast<int>(reply.content_type.size()));
  mg_response_header_add(connection, "Content-Length", length.data(),
                         static_cast<int>(length.size()));
  mg_response_header_add(connection, "Cache-Control", "no-store", -1);
  if (reply.status == kMethodNotAllowed) {
    mg_response_header_add(connection, "Allow", "GET, HEAD", -1);
  }
  mg_response_header_send(connection);
  const std::string_view method = mg_get_request_info(connection)->request_method;
  if (method != "HEAD") mg_write(connection, reply.body.data(), reply.body.size());
  return reply.status;  // civetweb: any status but 0 says that the request was handled
}

template <class MakeReply>
int handle(mg_connection* connection, MakeReply make_reply) noexcept {
  const std::string_view method = mg_get_request_info(connection)->request_method;
  if (method != "GET" && method != "HEAD") {
    return answer(connection, {kMethodNotAllowed, "only GET and HEAD\n"});
  }
  return answer(connection, make_reply());
}

}  // namespace

struct MetricsEndpoint::Impl {
  CollectMetrics collect;
  NotReadyReason not_ready;
  SocketAddress address;
  mg_context* context = nullptr;

  Impl(CollectMetrics collect_metrics, NotReadyReason not_ready_reason)
      : collect{std::move(collect_metrics)}, not_ready{std::move(not_ready_reason)} {}

  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  Impl(Impl&&) = delete;
  Impl& operator=(Impl&&) = delete;

  ~Impl() {
    if (context != nullptr) mg_stop(context);
    mg_exit_library();
  }

  static int on_metrics(mg_connection* connection, void* self) noexcept {
    return handle(connection, [self] {
      MetricFamilies families = static_cast<Impl*>(self)->collect();
      for (MetricFamily& each : process_metrics()) families.push_back(std::move(each));
      return Reply{kOk, exposition_of(families), "text/plain; version=0.0.4; charset=utf-8"};
    });
  }

  static int on_healthz(mg_connection* connection, void* /*self*/) noexcept {
    return handle(connection, [] { return Reply{kOk, "ok\n"}; });
  }

  static int on_readyz(mg_connection* connection, void* self) noexcept {
    return handle(connection, [self] {
      const auto reason = static_cast<Impl*>(self)->not_ready();
      return reason ? Reply{kServiceUnavailable, *reason + '\n'} : Reply{kOk, "ready\n"};
    });
  }
};

std::expected<std::unique_ptr<MetricsEndpoint>, std::string> MetricsEndpoint::start(
    const SocketAddress& address, CollectMetrics collect, NotReadyReason not_ready) {
  mg_init_library(MG_FEATURES_DEFAULT);
  auto impl = std::make_unique<Impl>(std::move(collect), std::move(not_ready));
  const std::string where = address.to_string();
  if (!address.ip.is_v4() && mg_check_feature(MG_FEATURES_IPV6) == 0) {
    return std::unexpected("cannot listen on " + where +
                           ": the HTTP library was built without IPv6, use an IPv4 address");
  }
  // Enough for a scraper and a prober; a slow client is cut off by the timeout.
  std::array<const char*, 9> options{
      "listening_ports", where.c_str(), "num_threads", "2", "request_timeout_ms", "5000",
      "tcp_nodelay",     "1",           nullptr};
  mg_callbacks callbacks{};
  callbacks.log_message = [](const mg_connection*, const char*) { return 1; };  // not to stderr
  errno = 0;
  impl->context = mg_start(&callbacks, nullptr, options.data());
  if (impl->context == nullptr) {
    const std::string reason =
        errno == 0 ? "is the port in use?" : std::generic_category().message(errno);
    return std::unexpected("cannot listen on " + where + ": " + reason);
  }
  mg_server_port bound{};
  mg_get_server_ports(impl->context, 1, &bound);
  impl->address = {address.ip, static_cast<std::uint16_t>(bound.port)};
  mg_set_request_handler(impl->context, "/metrics$", &Impl::on_metrics, impl.get());
  mg_set_request_handler(impl->context, "/healthz$", &Impl::on_healthz, impl.get());
  mg_set_request_handler(impl->context, "/readyz$", &Impl::on_readyz, impl.get());
  return std::unique_ptr<MetricsEndpoint>{new MetricsEndpoint{std::move(impl)}};
}

MetricsEndpoint::MetricsEndpoint(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}

MetricsEndpoint::~MetricsEndpoint() = default;

const SocketAddress& MetricsEndpoint::address() const {
  return impl_->address;
}

}  // namespace icebreaker::service
