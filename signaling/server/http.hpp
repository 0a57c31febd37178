// HTTP and WebSocket events as values: what the routes see of the wire, without any library's type.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/address.hpp"

namespace icebreaker::signaling {

enum class Method : std::uint8_t { Get, Head, Post, Put, Patch, Delete, Options };

struct HttpRequest {
  Method method = Method::Get;
  std::string path{};                                        // decoded, without dot segments
  std::vector<std::pair<std::string, std::string>> query{};  // decoded
  // The headers that anything here reads; absent is empty. Repeated ones are joined by commas.
  std::string host{};
  std::string origin{};
  std::string content_type{};
  std::string accept_encoding{};
  std::string if_none_match{};
  std::string authorization{};
  std::string last_event_id{};
  std::string request_method{};  // Access-Control-Request-Method
  std::string forwarded_for{};   // X-Forwarded-…
  std::string forwarded_host{};
  std::string upgrade{};
  std::string websocket_version{};
  std::string websocket_protocols{};
  IpAddress peer{};  // of the TCP connection
  // Excess: the connection is above the limit, so that it is refused in words and closed.
  enum class Load : std::uint8_t { Normal, Excess } load = Load::Normal;
  std::string body{};

  // The first value of a query argument, or null.
  [[nodiscard]] const std::string* find_query(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};
  // For large bodies that many responses share; wins over `body`.
  std::shared_ptr<const std::string> shared_body{};

  [[nodiscard]] std::string_view content() const {
    return shared_body ? std::string_view{*shared_body} : std::string_view{body};
  }
};

enum class Connection : std::uint8_t { KeepAlive, Close };
enum class HttpVersion : std::uint8_t { V10, V11 };

struct WireOptions {
  Method method = Method::Get;
  HttpVersion version = HttpVersion::V11;
  Connection connection = Connection::KeepAlive;
};

// Status line, headers and Content-Length, as bytes.
std::string wire_head(const HttpResponse& response, const WireOptions& options);
// Of a body whose length nobody knows yet: in chunks or until the connection ends.
std::string wire_stream_head(const HttpResponse& response, const WireOptions& options);
// Whether content follows: not for HEAD, nor where no content can be.
bool carries_content(const HttpResponse& response, const WireOptions& options);
// All of it.
std::string wire_text(const HttpResponse& response, const WireOptions& options);

// For the header Date.
std::string http_date();

std::string_view reason_of(int status);
std::string_view name_of(Method method);

// Without spaces and tabs at both ends.
std::string_view trimmed(std::string_view text);

// Of a list with commas (RFC 9110 §5.6.1), trimmed.
template <class Visit>
void for_each_element(std::string_view list, Visit visit) {
  while (!list.empty()) {
    const auto comma = list.find(',');
    visit(trimmed(list.substr(0, comma)));
    list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
  }
}

// One WebSocket close: RFC 6455 §7.4 and the codes of the protocol page.
struct SocketClose {
  std::uint16_t code = 1000;
  std::string reason{};
};

}  // namespace icebreaker::signaling
