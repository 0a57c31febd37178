#include <cstring>

#include "common/c_api/boundary.hpp"

namespace icebreaker::c_api {

icebreaker_status write_text(icebreaker_text& target, std::string_view text) {
  target.length = text.size();
  if (!fits(target, text)) return ICEBREAKER_BUFFER_TOO_SMALL;
  std::memcpy(target.data, text.data(), text.size());
  target.data[text.size()] = '\0';
  return ICEBREAKER_OK;
}

}  // namespace icebreaker::c_api

const char* icebreaker_version() {
  return ICEBREAKER_VERSION;
}

const char* icebreaker_status_text(icebreaker_status status) {
  switch (status) {
    case ICEBREAKER_OK:
      return "ok";
    case ICEBREAKER_INVALID_ARGUMENT:
      return "an argument is null or out of range";
    case ICEBREAKER_MALFORMED:
      return "the input is malformed";
    case ICEBREAKER_BUFFER_TOO_SMALL:
      return "the buffer is too small";
    case ICEBREAKER_ABSENT:
      return "the message has no such attribute";
    case ICEBREAKER_MISMATCH:
      return "the check value does not match";
    case ICEBREAKER_OUT_OF_MEMORY:
      return "out of memory";
  }
  return "unknown status";
}
