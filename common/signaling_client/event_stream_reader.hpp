// Reads `text/event-stream` (HTML standard, §9.2.6) in pieces as they come: the data of each event.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace icebreaker::signaling_client {

class EventStreamReader {
 public:
  // The data of the events that this piece completes; nothing when an event has no end. A piece may
  // begin and end anywhere.
  [[nodiscard]] std::optional<std::vector<std::string>> read(std::string_view piece);

 private:
  enum class Place : std::uint8_t { Start, Line, AfterCarriageReturn };

  void end_line(std::vector<std::string>& events);

  Place place_ = Place::Start;
  std::string line_;  // in the making
  std::string data_;  // of the event in the making, each line with a line feed behind it
};

}  // namespace icebreaker::signaling_client
