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
  std::uint32_t index;
  unsigned attempts;
  Clock::time_point repeat_at;
};

class Runner {
 public:
  explicit Runner(const SessionRun& run) : run_{run} {}

  void run() {
    while (next_ < run_.count || !pending_.empty()) {
      start_more();
      run_.clients->flush();
      receive();
      repeat_late_ones();
    }
  }

 private:
  void start_more() {
    while (next_ < run_.count && pending_.size() < kAtOnce) {
      send({next_, 0, {}});
      ++next_;
    }
  }

  void send(Pending pending) {
    TurnSession& session = run_.session(pending.index);
    std::array<std::byte, 1024> buffer{};
    const ByteView request = session.write_request(buffer);
    if (request.empty()) return;
    const MutableByteView out =
        run_.clients->stage(run_.first_ip + pending.index, run_.server, request.size());
    std::ranges::copy(request, out.begin());
    ++pending.attempts;
    pending.repeat_at = Clock::now() + kRepeatAfter;
    pending_.push_back(pending);
  }

  void receive() {
    for (const Message& message : run_.clients->receive()) {
      const std::uint32_t index = message.local_ip - run_.first_ip;
      if (message.from != run_.server || index >= run_.count) continue;
      const auto response = stun::MessageView::parse(message.bytes);
      if (!response) continue;
      TurnSession& session = run_.session(index);
      const std::uint32_t before = session.asked();
      session.on_response(*response);
      if (session.state() == TurnSession::State::Failed) fail(session.error());
      if (session.asked() == before && session.request() != TurnSession::Request::None) continue;
      std::erase_if(pending_, [&](const Pending& each) { return each.index == index; });
      send({index, 0, {}});
    }
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

void run_sessions(const SessionRun& run) {
  Runner{run}.run();
}

}  // namespace icebreaker::bench
