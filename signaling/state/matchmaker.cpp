#include "signaling/state/matchmaker.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace icebreaker::signaling {
namespace {

using namespace std::chrono_literals;

constexpr auto kLookInterval = 1s;
// Each look costs anchors × waiting; the next one goes on where it ended.
constexpr std::size_t kAnchorsPerLook = 64;

}  // namespace

std::uint32_t Matchmaker::add(MatchTicket ticket) {
  ticket.session->queue = ticket.request.queue;
  Queue& queue = queues_[ticket.request.queue];
  if (ticket.request.attributes.rating && !next_look_) next_look_ = ticket.since + kLookInterval;
  // One whose match came to nothing keeps the place that it had.
  const auto place = std::ranges::upper_bound(queue, ticket.since, {}, &MatchTicket::since);
  const auto position = place - queue.begin() + 1;
  queue.insert(place, std::move(ticket));
  return static_cast<std::uint32_t>(position);
}

bool Matchmaker::cancel(Session& session, const std::string& name) {
  if (session.queue != name) return false;
  session.queue.reset();
  Queue& queue = queues_.at(name);
  std::erase_if(queue, [&](const MatchTicket& each) { return each.session == &session; });
  if (queue.empty()) queues_.erase(name);
  return true;
}

std::optional<std::vector<MatchTicket>> Matchmaker::take_group(MonoTime now,
                                                               const Session& around) {
  const std::string name = around.queue.value_or("");
  const auto entry = queues_.find(name);
  if (entry == queues_.end()) return std::nullopt;
  const auto anchor = std::ranges::find(entry->second, &around, &MatchTicket::session);
  return take_group(now, name, static_cast<std::size_t>(anchor - entry->second.begin()));
}

std::optional<std::vector<MatchTicket>> Matchmaker::take_widened(MonoTime now) {
  for (const auto& [name, queue] : queues_) {
    const std::size_t anchors = std::min(queue.size(), kAnchorsPerLook);
    const std::size_t first = queue.size() > kAnchorsPerLook ? looks_ * kAnchorsPerLook : 0;
    for (std::size_t i = 0; i < anchors; ++i) {
      const std::size_t anchor = (first + i) % queue.size();
      if (!queue[anchor].request.attributes.rating) continue;
      if (auto group = take_group(now, std::string{name}, anchor)) return group;
    }
  }
  return std::nullopt;
}

std::optional<Matchmaker::Queue> Matchmaker::take_group(MonoTime now, const std::string& name,
                                                        std::size_t anchor) {
  Queue& queue = queues_.at(name);
  std::vector<std::size_t> chosen{anchor};
  const std::size_t size = queue[anchor].request.size;
  if (queue[anchor].session->presence == Presence::Away) return std::nullopt;
  for (std::size_t i = 0; i < queue.size() && chosen.size() < size; ++i) {
    if (queue[i].session->presence == Presence::Away) continue;
    const bool fits_all = std::ranges::all_of(
        chosen, [&](std::size_t each) { return i != each && fit(now, queue[i], queue[each]); });
    if (fits_all) chosen.push_back(i);
  }
  if (chosen.size() < size) return std::nullopt;

  std::ranges::sort(chosen);
  Queue group;
  for (const std::size_t i : chosen) group.push_back(queue[i]);
  for (const MatchTicket& ticket : group) cancel(*ticket.session, name);
  return group;
}

bool Matchmaker::fit(MonoTime now, const MatchTicket& a, const MatchTicket& b) const {
  const auto& left = a.request.attributes;
  const auto& right = b.request.attributes;
  if (a.request.size != b.request.size || left.equal != right.equal) return false;
  // Without a rating one is everybody's match.
  if (!left.rating || !right.rating) return true;
  const double apart = std::abs(*left.rating - *right.rating);
  const auto left_window = window(now, a);
  const auto right_window = window(now, b);
  return (!left_window || apart <= *left_window) && (!right_window || apart <= *right_window);
}

std::optional<double> Matchmaker::window(MonoTime now, const MatchTicket& ticket) const {
  if (!ticket.request.attributes.rating_window) return std::nullopt;
  const double waited_s = std::chrono::duration<double>(now - ticket.since).count();
  return *ticket.request.attributes.rating_window *
         (1.0 + config_.rating_window_growth_per_s * waited_s);
}

void Matchmaker::on_deadline(MonoTime now) {
  if (!next_look_ || *next_look_ > now) return;
  ++looks_;
  next_look_ = has_ratings() ? std::optional{now + kLookInterval} : std::nullopt;
}

bool Matchmaker::has_ratings() const {
  return std::ranges::any_of(queues_, [](const auto& entry) {
    return std::ranges::any_of(entry.second, [](const MatchTicket& each) {
      return each.request.attributes.rating.has_value();
    });
  });
}

std::size_t Matchmaker::size() const {
  std::size_t waiting = 0;
  for (const auto& [name, queue] : queues_) waiting += queue.size();
  return waiting;
}

}  // namespace icebreaker::signaling
