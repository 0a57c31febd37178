#include "common/signaling/names.hpp"

#include <algorithm>

namespace icebreaker::signaling {

std::string_view name_of(ErrorCode code) {
  return kErrorCodes.at(static_cast<std::size_t>(code));
}

std::string_view describe(ErrorCode code) {
  static constexpr std::array<std::string_view, kErrorCodeCount> kTexts{
      "the message is malformed",
      "unknown message type",
      "a number is missing before this message",
      "the token is missing or not valid",
      "the token does not allow this",
      "pages of this origin may not use this server",
      "the room is full",
      "this session is in no room",
      "no such peer in this room",
      "this session is in a room or waits for a match",
      "this session already waits for a match",
      "this session does not wait in that queue",
      "the mailbox is full",
      "too large",
      "too many requests; slow down",
      "the session is gone",
      "a newer connection or poll of this session took over",
      "unsupported protocol version",
      "the server cannot do this now; try again",
  };
  return kTexts.at(static_cast<std::size_t>(code));
}

SignalKind signal_kind_of(std::string_view name) {
  if (name == "offer" || name == "answer") return SignalKind::Description;
  if (name == "candidate" || name == "end-of-candidates") return SignalKind::Candidate;
  return SignalKind::Other;
}

bool is_valid_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxNameLength) return false;
  return std::ranges::all_of(name, [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

std::size_t count_code_points(std::string_view utf8) {
  return static_cast<std::size_t>(std::ranges::count_if(
      utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace icebreaker::signaling
