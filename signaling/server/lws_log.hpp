// Sends libwebsockets' own log lines into ours.
#pragma once

#include "common/service/log.hpp"

namespace icebreaker::signaling {

// For the whole process, since the library has one log; the Log outlives every use of the library.
void route_lws_log(const service::Logger& logger);

}  // namespace icebreaker::signaling
