#include "signaling/server/error_body.hpp"

#include "common/signaling/json_codec.hpp"

namespace icebreaker::signaling {

HttpResponse json_response(int status, std::string body) {
  HttpResponse response{.status = status, .body = std::move(body)};
  if (status != 204) response.headers.emplace_back("Content-Type", "application/json");
  response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  return response;
}

HttpResponse error_response(int status, ErrorCode code, std::string message,
                            std::optional<std::chrono::seconds> retry_after) {
  server::Error error;
  error.code = code;
  error.message = std::move(message);
  if (retry_after) error.retry_after = *retry_after;
  HttpResponse response = json_response(status, encode(ServerMessage{std::move(error)}));
  if (retry_after) {
    response.headers.emplace_back("Retry-After", std::to_string(retry_after->count()));
  }
  return response;
}

}  // namespace icebreaker::signaling
