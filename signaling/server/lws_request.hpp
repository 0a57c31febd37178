// Reads a request's head out of libwebsockets' header table.
#pragma once

#include <cstdint>
#include <optional>

#include "signaling/server/http.hpp"

struct lws;

namespace icebreaker::signaling {

enum class BodyFraming : std::uint8_t { None, Length, Chunked, Missing };

struct RequestHead {
  HttpRequest http{};
  WireOptions wire{};
  BodyFraming framing = BodyFraming::None;
  std::uint64_t content_length = 0;
};

// Nothing for a method that libwebsockets does not name.
std::optional<RequestHead> read_head(lws* wsi);

}  // namespace icebreaker::signaling
