// The memory engine's queues: who waits, who fits together. Who is away keeps its place and is
// matched with nobody. Seating is Rooms' business.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "signaling/state/rooms.hpp"

namespace icebreaker::signaling {

class Matchmaker {
 public:
  explicit Matchmaker(const StateConfig& config) : config_{config} {}

  // Its place in the queue, 1 = first.
  std::uint32_t add(MatchTicket ticket);
  // False when it waits in no queue of that name.
  bool cancel(Session& session, const std::string& queue);
  // A full group around one session, the longest waiting first, taken out of the queue.
  std::optional<std::vector<MatchTicket>> take_group(MonoTime now, const Session& around);
  // Looks again at sessions whose rating windows have widened; call until it has no more.
  std::optional<std::vector<MatchTicket>> take_widened(MonoTime now);

  // While ratings wait, once a second.
  [[nodiscard]] std::optional<MonoTime> next_deadline() const { return next_look_; }

  void on_deadline(MonoTime now);

  [[nodiscard]] std::size_t size() const;

 private:
  using Queue = std::vector<MatchTicket>;  // in the order of waiting

  std::optional<Queue> take_group(MonoTime now, const std::string& name, std::size_t anchor);
  [[nodiscard]] bool fit(MonoTime now, const MatchTicket& a, const MatchTicket& b) const;
  [[nodiscard]] std::optional<double> window(MonoTime now, const MatchTicket& ticket) const;
  [[nodiscard]] bool has_ratings() const;

  const StateConfig& config_;
  std::map<std::string, Queue> queues_;
  std::optional<MonoTime> next_look_;
  std::size_t looks_ = 0;
};

}  // namespace icebreaker::signaling
