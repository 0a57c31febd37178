// What went through one allocation, and what did not and why: the material of its last log line.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "common/base/address.hpp"
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

// The first few different peers that something happened with, in place.
class PeerSample {
 public:
  void note(const PeerAddress& peer) {
    if (count_ == peers_.size() || std::ranges::find(view(), peer) != view().end()) return;
    peers_.at(count_++) = peer;
  }

  [[nodiscard]] std::span<const PeerAddress> view() const {
    return std::span{peers_}.first(count_);
  }

 private:
  static constexpr std::size_t kPeers = 3;

  std::array<PeerAddress, kPeers> peers_{};
  std::size_t count_ = 0;
};

struct Traffic {
  PacketCount to_peers;
  PacketCount to_client;
  std::uint32_t sends_without_permission = 0;
  std::uint32_t unwanted_from_peers = 0;  // of peers without permission
  std::uint32_t over_bandwidth = 0;
  std::uint16_t permissions_installed = 0;
  std::array<std::uint16_t, static_cast<std::size_t>(PeerRule::Count)> refused_peers{};  // by rule
  PeerSample refused;
  PeerSample sent_without_permission;
  PeerSample unwanted;

  void count_refusal(PeerRule rule, const PeerAddress& peer) {
    auto& count = refused_peers.at(static_cast<std::size_t>(rule));
    if (count < UINT16_MAX) ++count;
    refused.note(peer);
  }

  void count_send_without_permission(const PeerAddress& peer) {
    ++sends_without_permission;
    sent_without_permission.note(peer);
  }

  void count_unwanted(const PeerAddress& peer) {
    ++unwanted_from_peers;
    unwanted.note(peer);
  }

  void count_permissions(std::size_t count) {
    const std::size_t sum = permissions_installed + count;
    permissions_installed = static_cast<std::uint16_t>(std::min<std::size_t>(sum, UINT16_MAX));
  }

  // The rule that refused most; Allowed when none did.
  [[nodiscard]] PeerRule main_refusal() const;
};

// What became of an allocation; metric labels and log words.
enum class AllocationUse : std::uint8_t {
  Worked,  // packets went both ways
  PeersRefused,
  NeverAskedForPeer,
  NeverSent,
  SentWithoutPermission,  // to such peers only
  PeerNeverAnswered,
  AnsweredWithoutPermission,  // by such peers only
  Count,
};

std::string_view name_of(AllocationUse use);

AllocationUse use_of(const Traffic& traffic);

}  // namespace icebreaker::turn
