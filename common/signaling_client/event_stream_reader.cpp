#include "common/signaling_client/event_stream_reader.hpp"

#include <algorithm>
#include <utility>

namespace icebreaker::signaling_client {
namespace {

// A message has 64 KiB at most; this is room for a proxy that adds something, not for a flood.
constexpr std::size_t kMaxEventBytes = std::size_t{1024} * 1024;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

std::optional<std::vector<std::string>> EventStreamReader::read(std::string_view piece) {
  std::vector<std::string> events;
  while (!piece.empty()) {
    if (place_ == Place::AfterCarriageReturn) {
      place_ = Place::Line;
      if (piece.front() == '\n') {
        piece.remove_prefix(1);
        continue;
      }
    }
    const auto end = piece.find_first_of("\r\n");
    line_.append(piece.substr(0, end));
    if (line_.size() + data_.size() > kMaxEventBytes) return std::nullopt;
    if (end == std::string_view::npos) break;
    const bool carriage_return = piece[end] == '\r';
    piece.remove_prefix(end + 1);
    end_line(events);
    place_ = carriage_return ? Place::AfterCarriageReturn : Place::Line;
  }
  return events;
}

void EventStreamReader::end_line(std::vector<std::string>& events) {
  std::string_view line = line_;
  if (place_ == Place::Start && line.starts_with(kByteOrderMark)) {
    line.remove_prefix(kByteOrderMark.size());
  }
  if (line.empty()) {
    if (!data_.empty()) {
      data_.pop_back();
      events.push_back(std::exchange(data_, {}));
    }
  } else if (line == "data" || line.starts_with("data:")) {
    line.remove_prefix(std::min(line.size(), std::string_view{"data:"}.size()));
    if (line.starts_with(' ')) line.remove_prefix(1);
    data_.append(line).push_back('\n');
  }
  line_.clear();
}

}  // namespace icebreaker::signaling_client
