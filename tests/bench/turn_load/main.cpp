// turn-load: clients and peers of a TURN server in one process, for tests/bench/turn.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
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
  RelayOptions relay;
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

void add_relay(CLI::App& app, Arguments& arguments) {
  CLI::App* relay = app.add_subcommand("relay", "closed loop: as fast as the server");
  RelayOptions& options = arguments.relay;
  relay->add_option("--allocations", options.allocations)->check(CLI::Range(1U, Crowd::kMaxFlows));
  relay->add_option("--payload", options.payload_bytes, "bytes of each datagram")
      ->check(CLI::Range(std::size_t{kMinPayloadBytes}, std::size_t{1400}));
  relay->add_option("--burst", options.loop.burst, "datagrams back to back")
      ->check(CLI::Range(1, 40));
  relay->add_option("--in-flight", options.loop.in_flight, "datagrams at most")
      ->check(CLI::Range(1, 100'000));
  relay->add_flag_callback(
      "--aggregates", [&] { options.loop.sending = Sending::Aggregates; },
      "bursts by UDP_SEGMENT, received by UDP_GRO");
  relay
      ->add_option_function<double>(
          "--seconds",
          [&](double seconds) {
            options.duration = std::chrono::milliseconds{static_cast<int>(seconds * 1000)};
          },
          "of the measurement; default 2")
      ->check(CLI::Range(0.05, 600.0));
}

int run(int argc, char** argv) {
  Arguments arguments;
  CLI::App app{"turn-load: load for a TURN server on loopback; prints figures as JSON"};
  app.require_subcommand(1);
  app.add_option("--server", arguments.server, "IPv4 address and port");
  app.add_option("--user", arguments.username);
  app.add_option("--password", arguments.password);
  app.add_option("--secret", arguments.secret, "for TURN REST credentials, instead of a password");
  app.add_option("--pid", arguments.pid, "the server's process, to measure its CPU time");
  add_relay(app, arguments);
  try {
    app.parse(argc, argv);
    print(measure_relay(subject_of(arguments), arguments.relay));
    return EXIT_SUCCESS;
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "turn-load: %s\n", error.what());
    return EXIT_FAILURE;
  }
}

}  // namespace
}  // namespace icebreaker::bench

int main(int argc, char** argv) {
  return icebreaker::bench::run(argc, argv);
}
