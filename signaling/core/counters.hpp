// What the hub counts, for the shell to export. Plain numbers, one writer.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <variant>

#include "common/base/histogram.hpp"
#include "common/signaling/messages.hpp"
#include "signaling/core/access.hpp"
#include "signaling/core/rate_limiter.hpp"

namespace icebreaker::signaling {

enum class Transport : std::uint8_t { WebSocket, Poll, Events };
inline constexpr std::size_t kTransportCount = 3;

inline constexpr std::array kMailboxBounds{0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0};

struct HubCounters {
  template <std::size_t Size>
  using Table = std::array<std::uint64_t, Size>;

  Table<std::variant_size_v<ClientMessage>> received{};  // by ClientMessage::index()
  Table<kErrorCodeCount> refused{};  // by ErrorCode: all answers that are errors
  Table<kTransportCount> opened{};   // by Transport
  Table<kTransportCount> resumed{};
  std::uint64_t recreated = 0;                    // by resume token
  std::uint64_t delivered = 0;                    // numbered messages handed to a transport
  std::uint64_t replayed = 0;                     // of those, on a resumed WebSocket
  std::uint64_t duplicates = 0;                   // repeated n
  std::uint64_t stale_generation = 0;             // dropped for an older `gen`
  std::uint64_t candidates_crowded_out = 0;       // dropped, since too many were held
  Table<kTransportCount> superseded{};            // receives ended by a newer one, by Transport
  std::uint64_t ice_refreshes = 0;                // lists sent unasked
  Table<kLimited.size()> rate_limited{};          // by Limited
  Table<kTokenProblems.size()> tokens_refused{};  // by TokenProblem
  Table<kErrorCodeCount> joins_refused{};         // by ErrorCode
  std::uint64_t state_unavailable = 0;
  DurationHistogram poll_hold;      // from the engine's answer to ours
  DurationHistogram wake_delivery;  // from the hint that there is something to handing it over
  Histogram<kMailboxBounds> mailbox_depth;  // unacknowledged messages when a receive opens
};

// Names as in labels: `hello` …
std::string_view client_message_name(std::size_t index);

}  // namespace icebreaker::signaling
