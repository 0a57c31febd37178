// HTTP refusals with an `error` object of the protocol as body.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "common/signaling/messages.hpp"
#include "signaling/server/http.hpp"

namespace icebreaker::signaling {

HttpResponse json_response(int status, std::string body);

HttpResponse error_response(int status, ErrorCode code, std::string message,
                            std::optional<std::chrono::seconds> retry_after = std::nullopt);

}  // namespace icebreaker::signaling
