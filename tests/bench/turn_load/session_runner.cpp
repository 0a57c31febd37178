#include "tests/bench/turn_load/session_runner.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <deque>
#include <stdexcept>
#include <string>

namespace icebreaker::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kAtOnce = 64;
constexpr std::chrono::milliseconds kRepeatAfter{500};
constexpr unsigned kAttempts = 8;

struct Pending {
  std::uint32_t place = 0;
  unsigned attempts = 0;
  Clock::time_point repeat_at;
};

class Runner {
 public:
  explicit Runner(const SessionRun& run) : run_{run} {}

  void run() {
    while (next_ < run_.count || !pending_.empty()) {
      while (next_ < run_.count && pending_.size() < kAtOnce) send({next_++, 0, {}});
      run_.clients->flush();
      receive();
      repeat_late_ones();
    }
  }

 private:
  void send(Pending pending) {
    const TurnSession& session = run_.session(pending.place);
    std::array<std::byte, 1024> buffer{};
    const ByteView request = session.write_request(buffer);
    if (request.empty()) return;
    const MutableByteView out =
        run_.clients->stage(client_ip(session.number()), run_.server, request.size());
    std::ranges::copy(request, out.begin());
    ++pending.attempts;
    pending.repeat_at = Clock::now() + kRepeatAfter;
    pending_.push_back(pending);
  }

  void receive() {
    for (const Message& message : run_.clients->receive()) {
      const std::uint32_t place = (message.local_ip - kFirstClientIp) % run_.count;
      const auto response = stun::MessageView::parse(message.bytes);
      if (message.from == run_.server && response) on_response(place, *response);
    }
  }

  void on_response(std::uint32_t place, const stun::MessageView& response) {
    TurnSession& session = run_.session(place);
    const std::uint32_t before = session.asked();
    if (!session.on_response(response)) return;
    if (session.state() == TurnSession::State::Failed) fail(session.error());
    std::erase_if(pending_, [&](const Pending& each) { return each.place == place; });
    if (session.asked() == before) run_.on_done(place);
    send({place, 0, {}});
  }

  void repeat_late_ones() {
    const Clock::time_point now = Clock::now();
    while (!pending_.empty() && pending_.front().repeat_at <= now) {
      const Pending late = pending_.front();
      pending_.pop_front();
      if (late.attempts == kAttempts) {
        throw std::runtime_error{"the server does not answer while " + std::string{run_.what}};
      }
      send(late);
    }
  }

  [[noreturn]] void fail(unsigned error) const {
    throw std::runtime_error{"the server answers " + std::to_string(error) + " while " +
                             std::string{run_.what}};
  }

  const SessionRun& run_;
  std::deque<Pending> pending_;  // by repeat_at
  std::uint32_t next_ = 0;
};

}  // namespace

void check_places(std::uint32_t count) {
  if (kClientIps % count == 0) return;
  throw std::runtime_error{"the number of clients must divide " + std::to_string(kClientIps)};
}

void run_sessions(const SessionRun& run) {
  Runner{run}.run();
}

}  // namespace icebreaker::bench
