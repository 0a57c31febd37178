#include "common/client_net/lws_links.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "common/client_net/lws_links_impl.hpp"
#include "common/signaling/messages.hpp"

namespace icebreaker::client_net {
namespace {

using signaling_client::LinkId;
namespace effect = signaling_client::effect;
namespace event = signaling_client::event;

// The client has its own timers; the library's only have to stay out of their way.
constexpr unsigned kLibraryTimeoutSeconds = 3600;
constexpr std::size_t kSocketReadBytes = 4096;
constexpr std::size_t kWriteBytes = std::size_t{1024} * 1024;
// Servers ping every 25 s; a connection that is silent for longer than this is dead.
constexpr std::uint16_t kPingAfterSeconds = 35;
constexpr std::uint16_t kHangUpAfterSeconds = 75;

int on_lws_event(lws* wsi, lws_callback_reasons reason, void* /*user*/, void* in,
                 std::size_t length) noexcept {
  auto* const links = static_cast<LwsLinks::Impl*>(lws_context_user(lws_get_context(wsi)));
  return links == nullptr ? 0 : links->on_lws_event(wsi, reason, in, length);
}

const std::array<lws_protocols, 3>& protocols() {
  static const std::array<lws_protocols, 3> all{
      lws_protocols{"http", on_lws_event, 0, kSocketReadBytes, 0, nullptr, kWriteBytes},
      lws_protocols{signaling::kWebSocketProtocol.data(), on_lws_event, 0, kSocketReadBytes, 0,
                    nullptr, kWriteBytes},
      lws_protocols{nullptr, nullptr, 0, 0, 0, nullptr, 0},
  };
  return all;
}

const lws_retry_bo_t& liveness() {
  static const lws_retry_bo_t policy{.retry_ms_table = nullptr,
                                     .retry_ms_table_count = 0,
                                     .conceal_count = 0,
                                     .secs_since_valid_ping = kPingAfterSeconds,
                                     .secs_since_valid_hangup = kHangUpAfterSeconds,
                                     .jitter_percent = 0};
  return policy;
}

const char* name_of(signaling_client::Method method) {
  constexpr std::array<const char*, 3> kNames{"GET", "POST", "DELETE"};
  return kNames.at(static_cast<std::size_t>(method));
}

}  // namespace

LwsLinks::LwsLinks(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}

LwsLinks::~LwsLinks() = default;

std::expected<std::unique_ptr<LwsLinks>, std::string> LwsLinks::make(uv_loop_t* loop,
                                                                     LinkOptions options,
                                                                     OnEvent on_event) {
  // The library's log is one for the whole process; what goes wrong is told by events.
  lws_set_log_level(0, nullptr);
  auto impl = std::make_unique<Impl>(loop, std::move(options), std::move(on_event));
  if (auto created = impl->create_context(); !created) return std::unexpected(created.error());
  return std::unique_ptr<LwsLinks>{new LwsLinks{std::move(impl)}};
}

std::size_t LwsLinks::open_count() const {
  return impl_->open_count();
}

void LwsLinks::apply(const signaling_client::Effect& effect) {
  if (const auto* socket = std::get_if<effect::OpenSocket>(&effect)) {
    Link link{.id = socket->link, .path = socket->path};
    link.is_socket = true;
    impl_->open(std::move(link));
  } else if (const auto* frame = std::get_if<effect::SendFrame>(&effect)) {
    impl_->send_frame(frame->link, frame->text);
  } else if (const auto* close = std::get_if<effect::CloseSocket>(&effect)) {
    impl_->close_socket(close->link);
  } else if (const auto* request = std::get_if<effect::StartRequest>(&effect)) {
    Link link{.id = request->link, .path = request->path};
    link.method = request->method;
    link.body = request->body;
    using Wanted = effect::StartRequest::Reading;
    if (request->reading == Wanted::Stream) link.reading = Link::Reading::Stream;
    link.response.link = request->link;
    impl_->open(std::move(link));
  } else if (const auto* cancel = std::get_if<effect::CancelRequest>(&effect)) {
    impl_->cancel(cancel->link);
  }
}

LwsLinks::Impl::Impl(uv_loop_t* loop, LinkOptions options, OnEvent on_event)
    : loop_{loop}, options_{std::move(options)}, on_event_{std::move(on_event)}, resolver_{loop} {}

LwsLinks::Impl::~Impl() {
  ending_ = true;
  library_.close();
}

std::expected<void, std::string> LwsLinks::Impl::create_context() {
  lws_context_creation_info info = net::usual_lws_options();
  info.user = this;
  info.port = CONTEXT_PORT_NO_LISTEN;
  info.timeout_secs = kLibraryTimeoutSeconds;
  info.retry_and_idle_policy = &liveness();
  info.protocols = protocols().data();
  if (options_.server.security == ServerUrl::Security::Tls) {
    info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
    if (!options_.ca_file.empty()) {
      info.options |= LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS;
      info.client_ssl_ca_filepath = options_.ca_file.c_str();
    }
  }
  return library_.open(loop_, info, "cannot use the certificates of " + options_.ca_file);
}

void LwsLinks::Impl::open(Link link) {
  ended_.clear();
  const LinkId id = link.id;
  links_.emplace(id, std::make_unique<Link>(std::move(link)));
  resolver_.resolve(options_.server.host, options_.server.port, [this, id](auto addresses) {
    Link* const waiting = find(id);
    if (waiting == nullptr || ending_) return;
    if (!addresses) return on_gone(*waiting);
    waiting->addresses = *std::move(addresses);
    std::ranges::reverse(waiting->addresses);
    try_next_address(*waiting);
  });
}

void LwsLinks::Impl::try_next_address(Link& link) {
  link.wsi = nullptr;
  if (link.addresses.empty()) return on_gone(link);
  connect(link);
}

void LwsLinks::Impl::connect(Link& link) {
  const SocketAddress to = link.addresses.back();
  const std::string address = to.ip.to_string();
  link.addresses.pop_back();
  link.phase = Phase::Connecting;
  const std::string path = options_.server.base_path + link.path;
  const std::string authority = options_.server.authority();

  lws_client_connect_info info{};
  info.context = library_.context();
  info.vhost = library_.vhost();
  info.address = address.c_str();
  info.port = to.port;
  info.path = path.c_str();
  info.host = authority.c_str();
  info.opaque_user_data = &link;
  info.alpn = "http/1.1";
  info.retry_and_idle_policy = &liveness();
  if (options_.server.security == ServerUrl::Security::Tls) info.ssl_connection = LCCSCF_USE_SSL;
  if (link.is_socket) {
    info.protocol = signaling::kWebSocketProtocol.data();
  } else {
    info.method = name_of(link.method);
    info.local_protocol_name = "http";
  }
  const LinkId id = link.id;
  lws* const wsi = lws_client_connect_via_info(&info);
  // A failure may have been told by callback already, and the link be gone.
  Link* const still = find(id);
  if (still == nullptr || still->phase != Phase::Connecting) return;
  if (wsi == nullptr && still->wsi == nullptr) return try_next_address(*still);
  still->wsi = wsi;
}

Link* LwsLinks::Impl::find(LinkId id) const {
  const auto found = links_.find(id);
  return found == links_.end() ? nullptr : found->second.get();
}

// The connection is over, and the client hears of it.
void LwsLinks::Impl::on_gone(Link& link) {
  const bool told = link.phase == Phase::Closing || ending_;
  signaling_client::Event news =
      link.is_socket ? signaling_client::Event{event::SocketClosed{link.id, link.close_code}}
                     : signaling_client::Event{std::move(link.response)};
  finish(link);
  if (!told) on_event_(std::move(news));
}

void LwsLinks::Impl::finish(Link& link) {
  if (link.wsi != nullptr) lws_set_opaque_user_data(link.wsi, nullptr);
  const auto found = links_.find(link.id);
  ended_.push_back(std::move(found->second));
  links_.erase(found);
}

}  // namespace icebreaker::client_net
