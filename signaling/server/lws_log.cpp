#include "signaling/server/lws_log.hpp"

#include <optional>
#include <string_view>

#include <libwebsockets.h>

namespace icebreaker::signaling {

namespace {

// The library's log hook carries no user pointer.
std::optional<service::Logger>& target() {
  static std::optional<service::Logger> logger;
  return logger;
}

void emit(int level, const char* line) noexcept {
  if (!target()) return;
  std::string_view text{line};
  while (text.ends_with('\n')) text.remove_suffix(1);
  // The library calls a client's malformed header an error: that is one client's story. What
  // concerns the operator (addresses, certificates) is checked and said by ourselves.
  target()->debug("libwebsockets", {{"level", level}, {"text", text}});
}

}  // namespace

void route_lws_log(const service::Logger& logger) {
  target() = logger;
  lws_set_log_level(LLL_ERR | LLL_WARN, emit);
}

}  // namespace icebreaker::signaling
