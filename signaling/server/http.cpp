#include "signaling/server/http.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>

namespace icebreaker::signaling {

namespace {

bool has_body(int status) {
  return status >= 200 && status != 204 && status != 304;
}

void append_header(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ");
  // A header can never be split, whatever a value was made from.
  for (const char c : value) out.push_back(c == '\r' || c == '\n' ? ' ' : c);
  out.append("\r\n");
}

std::string start_of(const HttpResponse& response) {
  std::string out = "HTTP/1.1 " + std::to_string(response.status) + ' ';
  out.reserve(512);
  out.append(reason_of(response.status)).append("\r\n");
  for (const auto& [name, value] : response.headers) append_header(out, name, value);
  return out;
}

// And the end of the head.
void append_connection(std::string& out, const WireOptions& options) {
  if (options.connection == Connection::Close) {
    append_header(out, "Connection", "close");
  } else if (options.version == HttpVersion::V10) {
    append_header(out, "Connection", "keep-alive");
  }
  out.append("\r\n");
}

}  // namespace

const std::string* HttpRequest::find_query(std::string_view name) const {
  const auto found = std::ranges::find(query, name, [](const auto& entry) { return entry.first; });
  return found == query.end() ? nullptr : &found->second;
}

std::string wire_head(const HttpResponse& response, const WireOptions& options) {
  std::string out = start_of(response);
  if (has_body(response.status)) {
    append_header(out, "Content-Length", std::to_string(response.content().size()));
  }
  append_connection(out, options);
  return out;
}

std::string wire_stream_head(const HttpResponse& response, const WireOptions& options) {
  std::string out = start_of(response);
  if (options.version == HttpVersion::V11) append_header(out, "Transfer-Encoding", "chunked");
  append_connection(out, options);
  return out;
}

bool carries_content(const HttpResponse& response, const WireOptions& options) {
  return has_body(response.status) && options.method != Method::Head;
}

std::string wire_text(const HttpResponse& response, const WireOptions& options) {
  std::string out = wire_head(response, options);
  if (carries_content(response, options)) out.append(response.content());
  return out;
}

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

std::string_view reason_of(int status) {
  static constexpr std::array kReasons{
      std::pair{200, "OK"},
      std::pair{201, "Created"},
      std::pair{202, "Accepted"},
      std::pair{204, "No Content"},
      std::pair{304, "Not Modified"},
      std::pair{400, "Bad Request"},
      std::pair{401, "Unauthorized"},
      std::pair{403, "Forbidden"},
      std::pair{404, "Not Found"},
      std::pair{405, "Method Not Allowed"},
      std::pair{408, "Request Timeout"},
      std::pair{409, "Conflict"},
      std::pair{410, "Gone"},
      std::pair{411, "Length Required"},
      std::pair{413, "Content Too Large"},
      std::pair{415, "Unsupported Media Type"},
      std::pair{426, "Upgrade Required"},
      std::pair{429, "Too Many Requests"},
      std::pair{500, "Internal Server Error"},
      std::pair{503, "Service Unavailable"},
  };
  const auto* const found =
      std::ranges::find(kReasons, status, [](auto entry) { return entry.first; });
  return found == kReasons.end() ? "Unknown" : found->second;
}

std::string_view name_of(Method method) {
  switch (method) {
    case Method::Get:
      return "GET";
    case Method::Head:
      return "HEAD";
    case Method::Post:
      return "POST";
    case Method::Put:
      return "PUT";
    case Method::Patch:
      return "PATCH";
    case Method::Delete:
      return "DELETE";
    case Method::Options:
      return "OPTIONS";
  }
  return "GET";
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace icebreaker::signaling
