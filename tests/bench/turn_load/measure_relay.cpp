#include <optional>
#include <stdexcept>

#include "tests/bench/turn_load/measure.hpp"
#include "tests/bench/turn_load/process_meter.hpp"

namespace icebreaker::bench {
namespace {

double seconds_of(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>{time}.count();
}

// What was used and delivered since it was made.
class Window {
 public:
  Window(const Crowd& crowd, const std::optional<ProcessMeter>& meter)
      : crowd_{crowd},
        meter_{meter},
        delivered_{crowd.tally().delivered},
        started_{Clock::now()},
        cpu_{cpu()} {}

  void report(Figures& figures) const {
    const auto used = cpu() - cpu_;
    const double seconds = seconds_of(Clock::now() - started_);
    const auto relayed = static_cast<double>(crowd_.tally().delivered - delivered_);
    figures["seconds"] = seconds;
    figures["relayed"] = relayed;
    figures["packets_per_second"] = relayed / seconds;
    if (!meter_ || relayed == 0) return;
    figures["cpu_ns_per_packet"] = static_cast<double>(used.count()) / relayed;
    figures["cpu_share"] = seconds_of(used) / seconds;
  }

 private:
  [[nodiscard]] std::chrono::nanoseconds cpu() const {
    return meter_ ? meter_->cpu() : std::chrono::nanoseconds{0};
  }

  const Crowd& crowd_;
  const std::optional<ProcessMeter>& meter_;
  std::uint64_t delivered_;
  Clock::time_point started_;
  std::chrono::nanoseconds cpu_;
};

void report(const Crowd& crowd, Figures& figures) {
  const Tally& tally = crowd.tally();
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

}  // namespace

Figures measure_relay(const Subject& subject, const RelayOptions& options) {
  const auto meter = subject.pid != 0 ? std::optional<ProcessMeter>{subject.pid} : std::nullopt;
  const bool aggregates = options.loop.sending == Sending::Aggregates;
  Crowd crowd{{.server = subject.server,
               .credentials = subject.credentials,
               .flows = options.allocations,
               .payload_bytes = options.payload_bytes,
               .receiving = aggregates ? Receiving::Aggregates : Receiving::Single}};
  crowd.allocate();
  ClosedLoop loop{crowd, options.loop};
  loop.run_until(Clock::now() + options.warm_up);
  crowd.forget_latency();
  Figures figures;
  const Window window{crowd, meter};
  loop.run_until(Clock::now() + options.duration);
  window.report(figures);
  loop.drain();
  report(crowd, figures);
  figures["allocations"] = options.allocations;
  figures["given_up_bursts"] = static_cast<double>(loop.gave_up());
  crowd.release();
  check(crowd);
  return figures;
}

}  // namespace icebreaker::bench
