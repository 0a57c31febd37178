// What went through one allocation, and what did not and why: the material of its last log line.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "turn/core/special_networks.hpp"

namespace icebreaker::turn {

struct PacketCount {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;

  void add(std::size_t size) {
    ++packets;
    bytes += size;
  }

  bool operator==(const PacketCount&) const = default;
};

struct Traffic {
  PacketCount to_peers;
  PacketCount to_client;
  std::uint32_t sends_without_permission = 0;
  std::uint32_t unwanted_from_peers = 0;  // of peers without permission
  std::uint16_t permissions_installed = 0;
  std::array<std::uint16_t, static_cast<std::size_t>(PeerRule::Count)> refused_peers{};  // by rule

  void count_refusal(PeerRule rule) {
    auto& count = refused_peers.at(static_cast<std::size_t>(rule));
    if (count < UINT16_MAX) ++count;
  }

  void count_permissions(std::size_t count) {
    const std::size_t sum = permissions_installed + count;
    permissions_installed = static_cast<std::uint16_t>(std::min<std::size_t>(sum, UINT16_MAX));
  }

  // The rule that refused most; Allowed when none did.
  [[nodiscard]] PeerRule main_refusal() const;
};

// Why nobody got anything out of an allocation, in words; empty when packets went both ways.
std::string_view why_useless(const Traffic& traffic);

}  // namespace icebreaker::turn
