#include <algorithm>
#include <stdexcept>

#include "tests/bench/turn_load/measure.hpp"
#include "tests/bench/turn_load/window.hpp"

namespace icebreaker::bench {
namespace {

constexpr std::chrono::milliseconds kWarmUp{300};

// The search for the highest rate.
constexpr double kMaxLoss = 0.005;
constexpr double kMinSent = 0.97;  // below, the generator is what limits
constexpr double kFirstRate = 40'000;
constexpr double kGrowth = 1.5;
constexpr double kMaxRate = 20'000'000;
constexpr double kPrecision = 1.03;
constexpr std::chrono::milliseconds kTrial{300};

CrowdOptions crowd_options(const Subject& subject, const TrafficOptions& options) {
  const bool aggregates = options.sending == Sending::Aggregates;
  return {.server = subject.server,
          .credentials = subject.credentials,
          .flows = options.allocations,
          .payload_bytes = options.payload_bytes,
          .receiving = aggregates ? Receiving::Aggregates : Receiving::Single};
}

void report(const Crowd& crowd, Figures& figures) {
  const Tally& tally = crowd.tally();
  figures["allocations"] = crowd.flows();
  figures["sent"] = static_cast<double>(tally.sent);
  figures["delivered"] = static_cast<double>(tally.delivered);
  figures["lost"] = static_cast<double>(tally.lost());
  figures["duplicated"] = static_cast<double>(tally.duplicated);
  figures["too_late"] = static_cast<double>(tally.too_late);
  figures["corrupted"] = static_cast<double>(tally.corrupted);
  figures["not_sent"] = static_cast<double>(crowd.refused());
  figures["latency_p50_us"] = crowd.latency().quantile_us(0.5);
  figures["latency_p99_us"] = crowd.latency().quantile_us(0.99);
}

void check(const Crowd& crowd) {
  const Tally& tally = crowd.tally();
  if (tally.delivered == 0) throw std::runtime_error{"the server relayed nothing"};
  if (tally.corrupted + tally.duplicated > 0) {
    throw std::runtime_error{"the server relayed " + std::to_string(tally.corrupted) +
                             " datagrams that were changed or misdirected, and " +
                             std::to_string(tally.duplicated) + " twice"};
  }
}

enum class Outcome : std::uint8_t { Passed, Lost, NotSent };

// Twice unless it passes: whatever else the machine does may cost one of them a few packets.
Outcome try_rate(Crowd& crowd, OpenLoop& loop, const Pace& pace) {
  constexpr int kAttempts = 2;
  Outcome outcome = Outcome::Lost;
  for (int attempt = 0; attempt < kAttempts && outcome != Outcome::Passed; ++attempt) {
    const Tally before = crowd.tally();
    const Clock::time_point started = Clock::now();
    loop.run(pace, kTrial);
    const double seconds = std::chrono::duration<double>{Clock::now() - started}.count();
    loop.drain();
    const auto sent = static_cast<double>(crowd.tally().sent - before.sent);
    const auto delivered = static_cast<double>(crowd.tally().delivered - before.delivered);
    const bool all_sent = sent / seconds >= kMinSent * pace.per_second;
    outcome = delivered < (1 - kMaxLoss) * sent ? Outcome::Lost
              : all_sent                        ? Outcome::Passed
                                                : Outcome::NotSent;
  }
  return outcome;
}

}  // namespace

Figures measure_relay(const Subject& subject, const TrafficOptions& options) {
  Crowd crowd{crowd_options(subject, options)};
  crowd.allocate();
  ClosedLoop loop{
      crowd, {.burst = options.burst, .sending = options.sending, .in_flight = options.in_flight}};
  loop.run_until(Clock::now() + kWarmUp);
  crowd.forget_latency();
  const std::uint64_t before = crowd.tally().delivered;
  const Window window{subject.pid};
  loop.run_until(Clock::now() + options.duration);
  Figures figures;
  window.report(figures, "packet", static_cast<double>(crowd.tally().delivered - before));
  loop.drain();
  report(crowd, figures);
  figures["given_up_bursts"] = static_cast<double>(loop.gave_up());
  crowd.release();
  check(crowd);
  return figures;
}

Figures measure_pace(const Subject& subject, const TrafficOptions& options) {
  Crowd crowd{crowd_options(subject, options)};
  crowd.allocate();
  OpenLoop loop{crowd};
  const Pace pace{options.per_second, options.burst, options.sending};
  loop.run(pace, kWarmUp);
  crowd.forget_latency();
  const std::uint64_t before = crowd.tally().delivered;
  const Window window{subject.pid};
  loop.run(pace, options.duration);
  Figures figures;
  window.report(figures, "packet", static_cast<double>(crowd.tally().delivered - before));
  loop.drain();
  report(crowd, figures);
  crowd.release();
  check(crowd);
  return figures;
}

Figures measure_capacity(const Subject& subject, const TrafficOptions& options) {
  Crowd crowd{crowd_options(subject, options)};
  crowd.allocate();
  OpenLoop loop{crowd};
  Pace pace{kFirstRate, options.burst, options.sending};
  Figures figures;
  double good = 0;
  double bad = kMaxRate;
  Outcome limit = Outcome::Lost;  // of the lowest rate that did not pass
  while (good == 0 || bad / good > kPrecision) {
    const Outcome outcome = try_rate(crowd, loop, pace);
    (outcome == Outcome::Passed ? good : bad) = pace.per_second;
    if (outcome != Outcome::Passed) limit = outcome;
    if (bad < 100) throw std::runtime_error{"the server loses packets at any rate"};
    pace.per_second = good > 0 ? std::min((good + bad) / 2, good * kGrowth) : bad / 2;
  }
  figures["limited_by_load"] = limit == Outcome::NotSent ? 1 : 0;
  figures["per_second"] = good;
  report(crowd, figures);
  crowd.release();
  check(crowd);
  return figures;
}

}  // namespace icebreaker::bench
