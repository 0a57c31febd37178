// Clients that come, allocate, talk with their peer and go, each in one of four ways, again and
// again: what a relay sees in months, as fast as its clock runs.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <random>
#include <vector>

#include "tests/bench/turn_load/crowd.hpp"

namespace icebreaker::bench {

struct SoakOptions {
  Endpoint server;
  Credentials credentials;
  std::uint32_t clients = 1000;
  // Of the server's clock beside ours (fast_clock.c).
  double clock_factor = 1;
};

struct SoakCounts {
  std::uint64_t allocated = 0;
  std::uint64_t released = 0;
  std::uint64_t vanished = 0;   // without a word
  std::uint64_t refreshed = 0;  // and went on
  std::uint64_t expired = 0;    // waited until the server no longer knew them
};

class SoakCrowd {
 public:
  explicit SoakCrowd(const SoakOptions& options);

  // Throws std::runtime_error when the server refuses a client, does not answer one, or keeps an
  // allocation past its lifetime.
  void run(Clock::duration duration);
  // Everybody releases what they have; returns when those who vanished have expired, too.
  void settle();

  [[nodiscard]] const SoakCounts& counts() const { return counts_; }

  [[nodiscard]] const Tally& tally() const { return tally_; }

 private:
  enum class Phase : std::uint8_t { Asking, Talking, Expiring, Gone };
  enum class Ending : std::uint8_t { Release, Vanish, Refresh, Expire };
  enum class Mode : std::uint8_t { Running, Settling };

  struct Client {
    TurnSession session;
    Phase phase = Phase::Gone;
    Clock::time_point due;      // the next datagram, repetition, or look whether it has expired
    Clock::time_point ends_at;  // its talk
    unsigned attempts = 0;      // of the request on its way
    std::array<SequenceWindow, 2> arrived;
    std::array<std::uint64_t, 2> next{};
  };

  void turn();
  void receive();
  void on_client_message(const Message& message);
  void on_peer_message(const Message& message);
  void on_payload(Client& client, std::uint32_t place, Direction direction, ByteView payload);
  void on_answer(std::uint32_t place);
  void on_due(std::uint32_t place);
  void end_talk(std::uint32_t place);

  void come(std::uint32_t place);
  void talk(Client& client);
  void ask(std::uint32_t place);
  void send(std::uint32_t place, Direction direction);
  Ending choose_ending();
  [[nodiscard]] Clock::duration real(std::chrono::seconds of_the_server) const;

  SoakOptions options_;
  CrowdSocket clients_socket_;
  CrowdSocket peers_socket_;
  std::vector<Client> clients_;
  std::minstd_rand random_;
  Mode mode_ = Mode::Running;
  Clock::time_point now_;
  Clock::time_point last_vanished_;
  SoakCounts counts_;
  Tally tally_;
};

}  // namespace icebreaker::bench
