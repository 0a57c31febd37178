#include <algorithm>
#include <cstdio>
#include <stdexcept>

#include "tests/bench/turn_load/measure.hpp"
#include "tests/bench/turn_load/process_meter.hpp"
#include "tests/bench/turn_load/soak_crowd.hpp"

namespace icebreaker::bench {
namespace {

// Before the first look, so that the server has what it keeps for the most that was ever there.
constexpr std::chrono::seconds kWarmUpOfTheServer{1200};
// Memory is given back in pages, and logs and metrics have buffers; a leak of one allocation in a
// thousand would be more within minutes.
constexpr double kMostGrowth = 1.05;
constexpr double kGrowthToSpare = 1 << 20U;

struct Holdings {
  std::size_t resident_bytes;
  std::size_t open_files;
  std::size_t udp_ports;
};

Holdings holdings_of(const ProcessMeter& meter) {
  return {meter.resident_bytes(), meter.open_files(), meter.udp_ports()};
}

std::string text_of(const Holdings& holdings) {
  return std::to_string(holdings.resident_bytes / 1024) + " kB, " +
         std::to_string(holdings.open_files) + " files, " + std::to_string(holdings.udp_ports) +
         " ports";
}

void print(const std::string& when, const Holdings& holdings, const SoakCrowd& crowd) {
  const SoakCounts& counts = crowd.counts();
  std::fprintf(stderr,
               "%s: %s; allocated %llu, released %llu, vanished %llu, refreshed %llu, expired "
               "%llu; delivered %llu of %llu\n",
               when.c_str(), text_of(holdings).c_str(),
               static_cast<unsigned long long>(counts.allocated),
               static_cast<unsigned long long>(counts.released),
               static_cast<unsigned long long>(counts.vanished),
               static_cast<unsigned long long>(counts.refreshed),
               static_cast<unsigned long long>(counts.expired),
               static_cast<unsigned long long>(crowd.tally().delivered),
               static_cast<unsigned long long>(crowd.tally().sent));
}

void check(const Holdings& before, const Holdings& after, const Tally& tally) {
  if (tally.corrupted + tally.duplicated > 0) {
    throw std::runtime_error{"datagrams were changed, misdirected or doubled: " +
                             std::to_string(tally.corrupted + tally.duplicated)};
  }
  const double most = static_cast<double>(before.resident_bytes) * kMostGrowth + kGrowthToSpare;
  if (after.open_files != before.open_files || after.udp_ports != before.udp_ports ||
      static_cast<double>(after.resident_bytes) > most) {
    throw std::runtime_error{"the server does not return to where it started: " + text_of(before) +
                             " before, " + text_of(after) + " after"};
  }
}

}  // namespace

Figures measure_soak(const Subject& subject, const SoakingOptions& options) {
  if (subject.pid == 0) throw std::runtime_error{"a soak needs the server's --pid"};
  const ProcessMeter meter{subject.pid};
  SoakCrowd crowd{{.server = subject.server,
                   .credentials = subject.credentials,
                   .clients = options.clients,
                   .clock_factor = options.clock_factor}};
  crowd.run(std::chrono::duration_cast<Clock::duration>(
      std::chrono::duration<double>{kWarmUpOfTheServer} / options.clock_factor));
  crowd.settle();
  const Holdings before = holdings_of(meter);
  print("start", before, crowd);
  for (double minute = 0; minute < options.minutes; minute += 1) {
    const double part = std::min(options.minutes - minute, 1.0);
    crowd.run(std::chrono::duration_cast<Clock::duration>(
        std::chrono::duration<double, std::ratio<60>>{part}));
    print("minute " + std::to_string(static_cast<int>(minute) + 1), holdings_of(meter), crowd);
  }
  crowd.settle();
  const Holdings after = holdings_of(meter);
  print("end", after, crowd);
  check(before, after, crowd.tally());
  return {{"clients", static_cast<double>(options.clients)},
          {"allocated", static_cast<double>(crowd.counts().allocated)},
          {"expired", static_cast<double>(crowd.counts().expired + crowd.counts().vanished)},
          {"delivered", static_cast<double>(crowd.tally().delivered)},
          {"sent", static_cast<double>(crowd.tally().sent)},
          {"resident_bytes_before", static_cast<double>(before.resident_bytes)},
          {"resident_bytes_after", static_cast<double>(after.resident_bytes)},
          {"open_files", static_cast<double>(after.open_files)},
          {"udp_ports", static_cast<double>(after.udp_ports)}};
}

}  // namespace icebreaker::bench
