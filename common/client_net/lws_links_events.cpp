// What libwebsockets tells about links, and what is said to it about the open ones.
#include <array>
#include <cerrno>
#include <utility>

#include <sys/socket.h>

#include "common/base/parse_number.hpp"
#include "common/client_net/lws_links_impl.hpp"
#include "common/net/lws_write.hpp"

namespace icebreaker::client_net {
namespace {

using signaling_client::LinkId;
using signaling_client::Method;
namespace event = signaling_client::event;

// A poll carries a whole mailbox, numbered: 256 KiB and its JSON.
constexpr std::size_t kMaxResponse = std::size_t{2} * 1024 * 1024;
constexpr std::size_t kMaxMessage = std::size_t{512} * 1024;
constexpr std::size_t kReadBytes = std::size_t{16} * 1024;
constexpr int kFlushSeconds = 5;
constexpr std::uint16_t kOk = 200;
constexpr std::uint16_t kNoContent = 204;
constexpr int kHangUp = -1;

bool add_header(lws* wsi, lws_token_indexes token, std::string_view value, unsigned char** at,
                unsigned char* end) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): lws takes unsigned char.
  const auto* const bytes = reinterpret_cast<const unsigned char*>(value.data());
  return lws_add_http_header_by_token(wsi, token, bytes, static_cast<int>(value.size()), at, end) ==
         0;
}

// Seconds; the other form, a date, is nothing that our servers send.
std::optional<std::chrono::milliseconds> retry_after_of(lws* wsi) {
  std::array<char, 16> text{};
  const int length =
      lws_hdr_copy(wsi, text.data(), static_cast<int>(text.size()), WSI_TOKEN_HTTP_RETRY_AFTER);
  if (length <= 0) return std::nullopt;
  const auto seconds = parse_number<std::uint32_t>({text.data(), static_cast<std::size_t>(length)});
  if (!seconds) return std::nullopt;
  return std::chrono::seconds{*seconds};
}

bool has_hung_up(lws* wsi) {
  char byte = 0;
  const auto got = recv(lws_get_socket_fd(wsi), &byte, sizeof byte, MSG_PEEK | MSG_DONTWAIT);
  return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK);
}

bool is_event_stream(const Link& link) {
  constexpr std::string_view kType = "text/event-stream";
  std::array<char, 64> text{};
  const int length = lws_hdr_copy(link.wsi, text.data(), static_cast<int>(text.size()),
                                  WSI_TOKEN_HTTP_CONTENT_TYPE);
  return link.head_status == kOk && length > 0 && std::string_view{text.data()}.starts_with(kType);
}

}  // namespace

int LwsLinks::Impl::on_lws_event(lws* wsi, lws_callback_reasons reason, void* in,
                                 std::size_t length) {
  auto* const link = static_cast<Link*>(lws_get_opaque_user_data(wsi));
  if (link == nullptr || ending_) return 0;
  link->wsi = wsi;
  const std::string_view bytes{static_cast<const char*>(in), in == nullptr ? 0 : length};
  return link->is_socket ? on_socket_event(*link, reason, bytes)
                         : on_request_event(*link, reason, in, length);
}

int LwsLinks::Impl::on_socket_event(Link& link, lws_callback_reasons reason,
                                    std::string_view bytes) {
  switch (reason) {
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
      link.phase = Phase::Open;
      on_event_(event::SocketOpened{link.id});
      return 0;
    case LWS_CALLBACK_CLIENT_RECEIVE:
      return on_frame(link, bytes);
    case LWS_CALLBACK_CLIENT_WRITEABLE:
      return on_socket_writable(link);
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
      if (bytes.size() >= 2) {
        const auto high = static_cast<unsigned char>(bytes[0]);
        link.close_code =
            static_cast<std::uint16_t>(high * 256U + static_cast<unsigned char>(bytes[1]));
      }
      return 0;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
      on_connection_error(link, bytes);
      return 0;
    case LWS_CALLBACK_CLIENT_CLOSED:
      on_gone(link);
      return 0;
    default:
      return 0;
  }
}

int LwsLinks::Impl::on_request_event(Link& link, lws_callback_reasons reason, void* in,
                                     std::size_t length) {
  const std::string_view bytes{static_cast<const char*>(in), in == nullptr ? 0 : length};
  switch (reason) {
    case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
      return on_append_headers(link, static_cast<unsigned char**>(in), length);
    case LWS_CALLBACK_CLIENT_HTTP_WRITEABLE:
      return on_request_writable(link);
    case LWS_CALLBACK_ESTABLISHED_CLIENT_HTTP:
      link.phase = Phase::Open;
      link.head_status = static_cast<std::uint16_t>(lws_http_client_http_response(link.wsi));
      link.response.retry_after = retry_after_of(link.wsi);
      if (!is_event_stream(link)) link.reading = Link::Reading::Whole;
      return link.head_status == kNoContent ? on_completed(link) : 0;
    case LWS_CALLBACK_RECEIVE_CLIENT_HTTP:
      return read_response(link);
    case LWS_CALLBACK_RECEIVE_CLIENT_HTTP_READ:
      return on_response_bytes(link, bytes);
    case LWS_CALLBACK_COMPLETED_CLIENT_HTTP:
      return on_completed(link);
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
      on_connection_error(link, bytes);
      return 0;
    case LWS_CALLBACK_CLOSED_CLIENT_HTTP:
      on_gone(link);
      return 0;
    default:
      return 0;
  }
}

void LwsLinks::Impl::on_connection_error(Link& link, std::string_view text) {
  // The server answered ("HS: …"), so another address would not help.
  if (text.starts_with("HS")) link.addresses.clear();
  lws_set_opaque_user_data(link.wsi, nullptr);
  try_next_address(link);
}

int LwsLinks::Impl::on_frame(Link& link, std::string_view bytes) {
  if (link.phase == Phase::Closing) return 0;
  if (link.message.size() + bytes.size() > kMaxMessage) return kHangUp;
  link.message.append(bytes);
  const bool whole =
      lws_is_final_fragment(link.wsi) != 0 && lws_remaining_packet_payload(link.wsi) == 0;
  if (whole) on_event_(event::Frame{link.id, std::exchange(link.message, {})});
  return 0;
}

int LwsLinks::Impl::on_socket_writable(Link& link) {
  while (!link.outbox.empty() && lws_send_pipe_choked(link.wsi) == 0) {
    const std::string text = std::move(link.outbox.front());
    link.outbox.pop_front();
    if (net::write_lws(link.wsi, scratch_, text, LWS_WRITE_TEXT) < 0) return kHangUp;
  }
  if (!link.outbox.empty() || lws_partial_buffered(link.wsi) != 0) {
    lws_callback_on_writable(link.wsi);
    return 0;
  }
  if (link.phase != Phase::Closing) return 0;
  lws_close_reason(link.wsi, LWS_CLOSE_STATUS_NORMAL, nullptr, 0);
  // Not by returning -1: Debian's build of the library then closes twice, "to confirm that it can",
  // and the second time drops the close frame.
  lws_set_timeout(link.wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
  return 0;
}

int LwsLinks::Impl::on_append_headers(Link& link, unsigned char** at, std::size_t room) {
  if (link.method != Method::Post || at == nullptr) return 0;
  unsigned char* const end = *at + room;
  const std::string length = std::to_string(link.body.size());
  if (!add_header(link.wsi, WSI_TOKEN_HTTP_CONTENT_TYPE, "application/json", at, end) ||
      !add_header(link.wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, length, at, end)) {
    return kHangUp;
  }
  lws_client_http_body_pending(link.wsi, 1);
  lws_callback_on_writable(link.wsi);
  return 0;
}

int LwsLinks::Impl::on_request_writable(Link& link) {
  if (link.body.empty()) return 0;
  const std::string body = std::exchange(link.body, {});
  lws_client_http_body_pending(link.wsi, 0);
  return net::write_lws(link.wsi, scratch_, body, LWS_WRITE_HTTP_FINAL) < 0 ? kHangUp : 0;
}

int LwsLinks::Impl::on_response_bytes(Link& link, std::string_view bytes) {
  if (link.reading == Link::Reading::Stream) {
    on_event_(event::Piece{link.id, std::string{bytes}});
    return 0;
  }
  if (link.response.body.size() + bytes.size() > kMaxResponse) return kHangUp;
  link.response.body.append(bytes);
  return 0;
}

int LwsLinks::Impl::read_response(Link& link) {
  std::array<char, LWS_PRE + kReadBytes> buffer{};
  char* at = buffer.data() + LWS_PRE;
  int room = static_cast<int>(kReadBytes);
  return lws_http_client_read(link.wsi, &at, &room) < 0 ? kHangUp : 0;
}

// A response that did not arrive in full has status 0. The library takes the end of a connection
// for the end of a stream, too.
int LwsLinks::Impl::on_completed(Link& link) {
  const bool broke = link.reading == Link::Reading::Stream && has_hung_up(link.wsi);
  if (!broke) link.response.status = link.head_status;
  on_gone(link);
  return kHangUp;
}

void LwsLinks::Impl::send_frame(LinkId id, std::string text) {
  Link* const link = find(id);
  if (link == nullptr || link->phase != Phase::Open) return;
  link->outbox.push_back(std::move(text));
  lws_callback_on_writable(link->wsi);
}

void LwsLinks::Impl::close_socket(LinkId id) {
  Link* const link = find(id);
  if (link == nullptr) return;
  if (link->phase != Phase::Open) return kill(*link);
  link->phase = Phase::Closing;
  lws_callback_on_writable(link->wsi);
  lws_set_timeout(link->wsi, PENDING_FLUSH_STORED_SEND_BEFORE_CLOSE, kFlushSeconds);
  // Its timers start only after I/O of its own.
  lws_cancel_service(library_.context());
}

void LwsLinks::Impl::cancel(LinkId id) {
  if (Link* const link = find(id)) kill(*link);
}

void LwsLinks::Impl::kill(Link& link) {
  lws* const wsi = link.wsi;
  finish(link);
  if (wsi != nullptr) lws_set_timeout(wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
}

}  // namespace icebreaker::client_net
