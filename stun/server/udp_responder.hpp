// Answers datagrams in batches: receive → respond_to → send.
#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "common/base/time.hpp"
#include "common/net/datagram_io.hpp"
#include "stun/core/responder.hpp"
#include "stun/server/counters.hpp"

namespace icebreaker::stun {

class UdpResponder {
 public:
  explicit UdpResponder(net::DatagramIo& io) : io_{io} {}

  // Waits as DatagramIo::receive() does and answers what came.
  void run_once(std::optional<MonoTime> until);

  [[nodiscard]] const OutcomeCounters& counters() const { return counters_; }

 private:
  static constexpr std::size_t kAnswers = 64;

  net::DatagramIo& io_;
  // DatagramIo borrows the answers until its flush().
  std::array<std::array<std::byte, kMaxResponseBytes>, kAnswers> answers_{};
  OutcomeCounters counters_;
};

}  // namespace icebreaker::stun
