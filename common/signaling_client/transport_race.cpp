#include "common/signaling_client/transport_race.hpp"

#include <algorithm>
#include <utility>

namespace icebreaker::signaling_client {
namespace {

using namespace std::chrono_literals;

constexpr auto kHeadStart = 1s;
constexpr auto kWelcomeTimeout = 4s;
constexpr auto kConnectTimeout = 10s;

}  // namespace

TransportRace::TransportRace(TransportContext& context, std::vector<Transport*> runners)
    : context_{context}, id_{++context.last_id}, runners_{std::move(runners)} {}

bool TransportRace::holds(const Transport& transport) const {
  return std::ranges::find(runners_, &transport) != runners_.end();
}

Transport* TransportRace::find(Side side) const {
  const auto found = std::ranges::find_if(runners_, [side](const Transport* runner) {
    return (runner->kind() == TransportKind::WebSocket) == (side == Side::WebSocket);
  });
  return found == runners_.end() ? nullptr : *found;
}

void TransportRace::start(Now now) {
  Transport* const web_socket = find(Side::WebSocket);
  if (web_socket == nullptr) return start_http(now);
  if (find(Side::Http) != nullptr) {
    context_.timers.set({id_, Timer::HeadStart}, now.mono + kHeadStart);
  }
  context_.timers.set({id_, Timer::Patience}, now.mono + kConnectTimeout);
  web_socket->connect(now);
}

bool TransportRace::opened(Now now, Transport& transport) {
  if (over_ || !holds(transport)) return false;
  if (speaker_ != nullptr) {
    ready_ = &transport;
    return false;
  }
  speak(now, transport);
  return true;
}

void TransportRace::won(const Transport& transport) {
  finish();
  for (Transport* const runner : runners_) {
    if (runner != &transport) runner->close();
  }
  runners_.clear();
}

TransportRace::Next TransportRace::lost(Now now, Transport& transport, const Closure& closure) {
  if (over_ || std::erase(runners_, &transport) == 0) return {};
  // An answer of the server counts on every transport; only silence is worth another one.
  if (closure.reason != CloseReason::Network || runners_.empty()) {
    cancel();
    return {nullptr, closure};
  }
  if (speaker_ == &transport) speaker_ = nullptr;
  if (speaker_ != nullptr) return {};
  if (ready_ != nullptr && holds(*ready_)) {
    speak(now, *ready_);
    return {speaker_, std::nullopt};
  }
  start_http(now);
  return {};
}

TransportRace::Next TransportRace::on_timer(Now now, Timer timer) {
  if (timer == Timer::HeadStart) {
    start_http(now);
    return {};
  }
  Transport* const slow = find(Side::WebSocket);
  if (slow == nullptr) return {};
  slow->close();
  return lost(now, *slow, {.text = "the WebSocket is not answered"});
}

void TransportRace::cancel() {
  finish();
  for (Transport* const runner : runners_) runner->close();
  runners_.clear();
}

void TransportRace::start_http(Now now) {
  context_.timers.erase({id_, Timer::HeadStart});
  Transport* const http = find(Side::Http);
  if (!over_ && speaker_ == nullptr && http != nullptr) http->connect(now);
}

void TransportRace::speak(Now now, Transport& transport) {
  speaker_ = &transport;
  if (transport.kind() == TransportKind::WebSocket) {
    context_.timers.set({id_, Timer::Patience}, now.mono + kWelcomeTimeout);
  }
}

void TransportRace::finish() {
  over_ = true;
  context_.timers.erase({id_, Timer::HeadStart});
  context_.timers.erase({id_, Timer::Patience});
}

}  // namespace icebreaker::signaling_client
