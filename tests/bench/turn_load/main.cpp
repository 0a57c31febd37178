// turn-load: clients and peers of a TURN server in one process, for tests/bench/turn.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <string>

#include <CLI/CLI.hpp>

#include "common/base/address.hpp"
#include "common/crypto/turn_rest.hpp"
#include "tests/bench/turn_load/measure.hpp"

namespace icebreaker::bench {
namespace {

struct Arguments {
  std::string server = "127.0.0.1:3478";
  std::string username = "bench";
  std::string password;
  std::string secret;
  pid_t pid = 0;
  double seconds = 2;
  TrafficOptions traffic;
  ControlOptions control;
  SoakingOptions soaking;
  std::function<Figures(const Subject&)> measure;
};

Subject subject_of(const Arguments& arguments) {
  const auto server = SocketAddress::parse(arguments.server);
  if (!server || !server->ip.is_v4()) {
    throw std::runtime_error{"--server needs an IPv4 address and a port, 127.0.0.1:3478"};
  }
  Subject subject{.server = {server->ip.v4_value(), server->port},
                  .credentials = {arguments.username, arguments.password},
                  .pid = arguments.pid};
  if (!arguments.secret.empty()) {
    const auto expires = std::chrono::system_clock::now() + std::chrono::hours{1};
    const auto minted =
        crypto::mint_turn_rest_credentials(arguments.secret, arguments.username, expires);
    subject.credentials = {minted.username, minted.password};
  }
  return subject;
}

void print(const Figures& figures) {
  const char* separator = "{";
  for (const auto& [name, value] : figures) {
    std::printf("%s\n  \"%s\": %.10g", separator, name.c_str(), value);
    separator = ",";
  }
  std::puts("\n}");
}

using TrafficMeasurement = Figures (*)(const Subject&, const TrafficOptions&);
using ControlMeasurement = Figures (*)(const Subject&, const ControlOptions&);

CLI::App* add_word(CLI::App& app, Arguments& arguments, const char* name, const char* help) {
  CLI::App* word = app.add_subcommand(name, help);
  word->add_option("--seconds", arguments.seconds, "of the measurement; default 2")
      ->check(CLI::Range(0.05, 600.0));
  return word;
}

CLI::App* add_traffic(CLI::App& app, Arguments& arguments, const char* name, const char* help,
                      TrafficMeasurement measure) {
  TrafficOptions& options = arguments.traffic;
  CLI::App* word = add_word(app, arguments, name, help);
  word->add_option("--allocations", options.allocations)->check(CLI::Range(1U, Crowd::kMaxFlows));
  word->add_option("--payload", options.payload_bytes, "bytes of each datagram")
      ->check(CLI::Range(std::size_t{kMinPayloadBytes}, std::size_t{1400}));
  word->add_option("--burst", options.burst, "datagrams back to back")->check(CLI::Range(1, 40));
  word->add_flag_callback(
      "--aggregates", [&] { options.sending = Sending::Aggregates; },
      "bursts by UDP_SEGMENT, received by UDP_GRO");
  word->callback([&arguments, measure] {
    arguments.measure = [&arguments, measure](const Subject& subject) {
      return measure(subject, arguments.traffic);
    };
  });
  return word;
}

void add_control(CLI::App& app, Arguments& arguments, const char* name, const char* help,
                 ControlMeasurement measure) {
  CLI::App* word = add_word(app, arguments, name, help);
  word->add_option("--clients", arguments.control.clients, "at once")
      ->check(CLI::Range(1U, Crowd::kMaxFlows));
  word->callback([&arguments, measure] {
    arguments.measure = [&arguments, measure](const Subject& subject) {
      return measure(subject, arguments.control);
    };
  });
}

void add_soak(CLI::App& app, Arguments& arguments) {
  SoakingOptions& options = arguments.soaking;
  CLI::App* word = app.add_subcommand("soak", "clients that come, talk and go for a long time");
  word->add_option("--clients", options.clients, "at once; default 1000")
      ->check(CLI::Range(1U, Crowd::kMaxFlows));
  word->add_option("--minutes", options.minutes, "default 10")->check(CLI::Range(0.01, 1440.0));
  word->add_option("--clock-factor", options.clock_factor, "of the server's clock, by fast-clock")
      ->check(CLI::Range(1.0, 1000.0));
  word->callback([&arguments] {
    arguments.measure = [&arguments](const Subject& subject) {
      return measure_soak(subject, arguments.soaking);
    };
  });
}

void add_options(CLI::App& app, Arguments& arguments) {
  app.require_subcommand(1);
  app.add_option("--server", arguments.server, "IPv4 address and port");
  app.add_option("--user", arguments.username);
  app.add_option("--password", arguments.password);
  app.add_option("--secret", arguments.secret, "for TURN REST credentials, instead of a password");
  app.add_option("--pid", arguments.pid, "the server's process, to measure what it uses");
  add_traffic(app, arguments, "relay", "traffic as fast as the server answers", &measure_relay)
      ->add_option("--in-flight", arguments.traffic.in_flight, "datagrams at most; default 1024")
      ->check(CLI::Range(1, 100'000));
  add_traffic(app, arguments, "pace", "traffic at a rate", &measure_pace)
      ->add_option("--rate", arguments.traffic.per_second, "datagrams a second")
      ->check(CLI::Range(1.0, 1e7))
      ->required();
  add_traffic(app, arguments, "capacity", "the highest rate with less than 0.5 % loss",
              &measure_capacity);
  add_control(app, arguments, "cycles", "allocate and release", &measure_cycles);
  add_control(app, arguments, "memory", "of allocations that are held", &measure_memory);
  add_control(app, arguments, "binding", "Binding requests", &measure_binding);
  add_soak(app, arguments);
}

int run(int argc, char** argv) {
  Arguments arguments;
  CLI::App app{"turn-load: load for a TURN server on loopback; prints figures as JSON"};
  add_options(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  const std::chrono::milliseconds duration{static_cast<int>(arguments.seconds * 1000)};
  arguments.traffic.duration = duration;
  arguments.control.duration = duration;
  print(arguments.measure(subject_of(arguments)));
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace icebreaker::bench

int main(int argc, char** argv) {
  try {
    return icebreaker::bench::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "turn-load: %s\n", error.what());
    return EXIT_FAILURE;
  }
}
