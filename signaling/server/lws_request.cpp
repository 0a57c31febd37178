#include "signaling/server/lws_request.hpp"

#include <array>
#include <string>
#include <string_view>

#include <libwebsockets.h>

#include "common/base/ascii.hpp"
#include "common/base/parse_number.hpp"

namespace icebreaker::signaling {

namespace {

std::string fragment(lws* wsi, lws_token_indexes token, int index) {
  const int length = lws_hdr_fragment_length(wsi, token, index);
  if (length <= 0) return {};
  std::string text(static_cast<std::size_t>(length) + 1, '\0');
  const int copied =
      lws_hdr_copy_fragment(wsi, text.data(), static_cast<int>(text.size()), token, index);
  text.resize(copied < 0 ? 0 : static_cast<std::size_t>(copied));
  return text;
}

// Repeated headers come in their order, with commas between: a list continues (RFC 9110 §5.3). Not
// fragment by fragment, whose end looks like a header without a value.
std::string header(lws* wsi, lws_token_indexes token) {
  const int length = lws_hdr_total_length(wsi, token);
  if (length <= 0) return {};
  std::string text(static_cast<std::size_t>(length) + 1, '\0');
  const int copied = lws_hdr_copy(wsi, text.data(), static_cast<int>(text.size()), token);
  text.resize(copied < 0 ? 0 : static_cast<std::size_t>(copied));
  return text;
}

// `name` in lower case with its colon: headers that libwebsockets has no token for.
std::string other_header(lws* wsi, std::string_view name) {
  const int name_length = static_cast<int>(name.size());
  const int length = lws_hdr_custom_length(wsi, name.data(), name_length);
  if (length <= 0) return {};
  std::string text(static_cast<std::size_t>(length) + 1, '\0');
  const int copied = lws_hdr_custom_copy(wsi, text.data(), static_cast<int>(text.size()),
                                         name.data(), name_length);
  text.resize(copied < 0 ? 0 : static_cast<std::size_t>(copied));
  return text;
}

struct MethodToken {
  lws_token_indexes token;
  Method method;
};

constexpr std::array kMethods{
    MethodToken{WSI_TOKEN_GET_URI, Method::Get},
    MethodToken{WSI_TOKEN_POST_URI, Method::Post},
    MethodToken{WSI_TOKEN_DELETE_URI, Method::Delete},
    MethodToken{WSI_TOKEN_OPTIONS_URI, Method::Options},
    MethodToken{WSI_TOKEN_HEAD_URI, Method::Head},
    MethodToken{WSI_TOKEN_PUT_URI, Method::Put},
    MethodToken{WSI_TOKEN_PATCH_URI, Method::Patch},
};

void read_query(lws* wsi, HttpRequest& http) {
  for (int index = 0; lws_hdr_fragment_length(wsi, WSI_TOKEN_HTTP_URI_ARGS, index) > 0; ++index) {
    const std::string argument = fragment(wsi, WSI_TOKEN_HTTP_URI_ARGS, index);
    const auto equals = argument.find('=');
    http.query.emplace_back(argument.substr(0, equals),
                            equals == std::string::npos ? "" : argument.substr(equals + 1));
  }
}

void read_headers(lws* wsi, HttpRequest& http) {
  http.host = header(wsi, WSI_TOKEN_HOST);
  // Browsers of the hixie drafts are gone; lws still keeps their token apart.
  http.origin = header(wsi, WSI_TOKEN_ORIGIN);
  http.content_type = header(wsi, WSI_TOKEN_HTTP_CONTENT_TYPE);
  http.accept_encoding = header(wsi, WSI_TOKEN_HTTP_ACCEPT_ENCODING);
  http.if_none_match = header(wsi, WSI_TOKEN_HTTP_IF_NONE_MATCH);
  http.authorization = header(wsi, WSI_TOKEN_HTTP_AUTHORIZATION);
  http.forwarded_for = header(wsi, WSI_TOKEN_X_FORWARDED_FOR);
  http.upgrade = header(wsi, WSI_TOKEN_UPGRADE);
  http.websocket_version = header(wsi, WSI_TOKEN_VERSION);
  http.websocket_protocols = header(wsi, WSI_TOKEN_PROTOCOL);
  http.forwarded_host = other_header(wsi, "x-forwarded-host:");
  http.last_event_id = other_header(wsi, "last-event-id:");
}

bool lists(std::string_view list, std::string_view word) {
  bool found = false;
  for_each_element(
      list, [&](std::string_view element) { found = found || equal_ignoring_case(element, word); });
  return found;
}

void read_wire_options(lws* wsi, WireOptions& wire) {
  wire.version = header(wsi, WSI_TOKEN_HTTP) == "HTTP/1.1" ? HttpVersion::V11 : HttpVersion::V10;
  const std::string connection = header(wsi, WSI_TOKEN_CONNECTION);
  const bool keep_alive = wire.version == HttpVersion::V11
                              ? !lists(connection, "close")
                              : equal_ignoring_case(connection, "keep-alive");
  wire.connection = keep_alive ? Connection::KeepAlive : Connection::Close;
}

void read_framing(lws* wsi, RequestHead& head) {
  const std::string length = header(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH);
  if (!header(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING).empty()) {
    head.framing = BodyFraming::Chunked;
    return;
  }
  if (length.empty()) {
    const Method method = head.http.method;
    const bool needs_body =
        method == Method::Post || method == Method::Put || method == Method::Patch;
    head.framing = needs_body ? BodyFraming::Missing : BodyFraming::None;
    return;
  }
  const auto bytes = parse_number<std::uint64_t>(length);
  head.content_length = bytes.value_or(0);
  head.framing = !bytes        ? BodyFraming::Missing
                 : *bytes == 0 ? BodyFraming::None
                               : BodyFraming::Length;
}

}  // namespace

std::optional<RequestHead> read_head(lws* wsi) {
  for (const auto [token, method] : kMethods) {
    if (lws_hdr_total_length(wsi, token) == 0) continue;
    RequestHead head;
    head.http.method = method;
    head.http.path = fragment(wsi, token, 0);
    head.wire.method = method;
    read_query(wsi, head.http);
    read_headers(wsi, head.http);
    read_wire_options(wsi, head.wire);
    read_framing(wsi, head);
    return head;
  }
  return std::nullopt;
}

}  // namespace icebreaker::signaling
