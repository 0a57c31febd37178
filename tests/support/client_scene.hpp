// A signaling client, its server and their time, which moves only when a test says so.
#pragma once

#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/model_signal_server.hpp"

namespace icebreaker::testing {

inline constexpr std::array kEachTransport{signaling_client::TransportChoice::kWebSocketOnly,
                                           signaling_client::TransportChoice::kEventStreamOnly,
                                           signaling_client::TransportChoice::kLongPollOnly};

// The best of them, for names of tests.
std::string name_of(const signaling_client::TransportChoice& choice);

// Always the same fraction, so that jitter can be told.
class FixedRandom final : public RandomSource {
 public:
  void set_fraction(double fraction) {
    value_ = static_cast<std::uint32_t>(std::ceil(fraction * 4294967296.0));
  }

  void fill(MutableByteView buffer) override;

 private:
  std::uint32_t value_ = 0x80000000U;
};

// A client, its server and their time.
class ClientScene {
 public:
  explicit ClientScene(
      signaling_client::TransportChoice choice = signaling_client::TransportChoice::kAny,
      signaling_client::ClientOptions options = {});

  [[nodiscard]] Now now() const { return now_; }

  void start();

  void settle() { server.settle(now_, client); }

  void advance(std::chrono::milliseconds by);
  void say(std::string to, int number);
  void deliver(int number);

  // The numbers of say() that the server took, and of deliver() that the application got.
  [[nodiscard]] std::vector<int> said() const;
  [[nodiscard]] std::vector<int> heard() const;
  [[nodiscard]] std::vector<std::string> types_taken() const;

  FixedRandom random;
  ModelSignalServer server;
  signaling_client::SignalingClient client;

 private:
  Now now_{MonoTime{std::chrono::hours{1}}, WallTime{}};
};

}  // namespace icebreaker::testing
