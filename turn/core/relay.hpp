// The TURN protocol of one worker without I/O: datagrams and time in, verdicts and effects out.
// The data path returns what to send by value and touches no heap; the control path appends to the
// caller's Effects.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <vector>

#include "common/base/address.hpp"
#include "common/base/bytes.hpp"
#include "common/base/deadline_queue.hpp"
#include "common/base/random.hpp"
#include "common/base/time.hpp"
#include "common/stun/error_code.hpp"
#include "common/stun/message.hpp"
#include "common/stun/turn_attributes.hpp"
#include "turn/core/allocate_request.hpp"
#include "turn/core/allocation_table.hpp"
#include "turn/core/authenticator.hpp"
#include "turn/core/bandwidth.hpp"
#include "turn/core/challenge_budget.hpp"
#include "turn/core/effects.hpp"
#include "turn/core/peer_policy.hpp"
#include "turn/core/quota.hpp"
#include "turn/core/reservations.hpp"
#include "turn/core/verdict.hpp"

namespace icebreaker::turn {

struct RelayLimits {
  std::size_t permissions_per_allocation = 128;
  std::size_t channels_per_allocation = 128;
  std::size_t challenges_per_second = 100;  // to strangers of one network; 0: no limit
  BandwidthLimits bandwidth{};

  bool operator==(const RelayLimits&) const = default;
};

struct RelayConfig {
  std::vector<RelayInterface> interfaces;  // at most one of each family
  RelayPorts ports{};
};

// What a reload replaces.
struct RelayRules {
  Authenticator authenticator;
  PeerPolicy policy;
  RelayLimits limits{};
};

// Where clients go while this server drains.
struct AlternateServers {
  std::optional<SocketAddress> v4;
  std::optional<SocketAddress> v6;
};

class Relay {
 public:
  // `random`, `quota` and `reservations` outlive the relay.
  Relay(const RelayConfig& config, RelayRules rules, RandomSource& random, Quota& quota,
        Reservations& reservations);
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;
  Relay(Relay&&) = delete;
  Relay& operator=(Relay&&) = delete;
  // Gives back the quota that is still held.
  ~Relay();

  // One whole datagram or frame of a client. A ToPeer verdict borrows from it.
  ClientVerdict on_client(Now now, const FiveTuple& from, ByteView bytes, Effects& out);

  // One datagram that reached a relay socket. A ToClient verdict borrows its payload from it.
  PeerVerdict on_peer(Now now, RelayId via, const PeerAddress& from, ByteView payload);

  // The network reported that what a relay socket sent `to` did not arrive. A reason when the
  // client is not told.
  std::optional<Drop> on_icmp(Now now, RelayId via, const PeerAddress& to,
                              const stun::Icmp::Value& icmp, Effects& out);

  // Answers to effect::OpenRelay; `bound` is what the shell bound.
  void on_relay_opened(Now now, RelayId relay, const SocketAddress& bound, Effects& out);
  void on_relay_failed(Now now, RelayId relay, Family family, Effects& out);

  // A stream or association of a client ended, and with it what was allocated over it.
  void on_link_closed(Now now, const FiveTuple& client, Effects& out);

  // Whether the client holds an allocation, or is about to.
  [[nodiscard]] bool has_allocation(const FiveTuple& client, MonoTime now) {
    return live_allocation(client, now) != nullptr;
  }

  void on_deadline(Now now, Effects& out);

  [[nodiscard]] std::optional<MonoTime> next_deadline() const { return deadlines_.next(); }

  // From now on no allocation is made: 300 to clients of a family that has an alternate, 508 to the
  // others. What is allocated stays.
  void start_drain(const AlternateServers& alternates) { drain_ = alternates; }

  // Allocations stay; permissions and channels that the new policy refuses go. What is held already
  // may be above new limits.
  void reconfigure(RelayRules rules, Effects& out);

  // Ends everything, for the last log lines of a shutdown.
  void close_all(Now now, Effects& out);

  [[nodiscard]] std::size_t allocations() const { return table_.size(); }

  // Since the beginning.
  [[nodiscard]] std::uint64_t allocations_made() const { return allocations_made_; }

  // Of all allocations, as of the last deadline.
  [[nodiscard]] std::size_t permissions() const { return permissions_; }

  [[nodiscard]] std::size_t channels() const { return channels_; }

 private:
  struct Refusal {
    stun::ErrorCode code{};
    PeerRule rule = PeerRule::Allowed;
    AuthFailure auth = AuthFailure::None;
    std::optional<QuotaRefusal> quota{};
  };

  using Outcome = std::expected<void, Refusal>;

  ClientVerdict on_stun(Now now, const FiveTuple& from, ByteView bytes, Effects& out);
  ClientVerdict on_request(Now now, const FiveTuple& from, const stun::MessageView& message,
                           Effects& out);
  std::optional<Outcome> dispatch(Now now, const AuthenticatedRequest& request, Effects& out);
  [[nodiscard]] effect::Reply refusal_reply(const ReplyTo& to, const Refusal& refusal) const;
  void end_expired(Allocation& allocation, Now now, Effects& out);
  void end_family(Allocation& allocation, Family family, Effects& out);
  void end(Allocation& allocation, EndReason reason, Now now, Effects& out);
  void forget(Allocation& allocation);
  void install_permission(Allocation& allocation, const IpAddress& ip, MonoTime now,
                          Effects& out) const;
  void bind_channel(const Allocation& allocation, const Channel& channel, Effects& out) const;
  [[nodiscard]] std::vector<PeerRefusal> refusals_of(const Allocation& allocation) const;
  void share_bandwidth(Allocation& allocation);
  bool take_bandwidth(MonoTime now, Direction direction, std::size_t bytes,
                      Allocation& allocation) const;
  static void expire_peers(Allocation& allocation, Now now, Effects& out);
  void schedule(Allocation& allocation);
  void count_peers(Allocation& allocation, std::size_t permissions, std::size_t channels);

  // One method each, in a handle_*.cpp of its own.
  std::optional<Outcome> handle_allocate(Now now, const AuthenticatedRequest& request,
                                         Effects& out);
  std::expected<SocketAddress, stun::ErrorCode> reserved_address(
      Now now, const AuthenticatedRequest& request, const ReservationToken& token);
  void open_relays(Allocation& allocation, const AllocateRequest& wanted, std::uint16_t held_port,
                   Effects& out);
  void answer_when_opened(Now now, Allocation& allocation, Effects& out);
  Outcome handle_refresh(Now now, const AuthenticatedRequest& request, Effects& out);
  void release_relays(Allocation& allocation, std::optional<Family> only, Now now, Effects& out);
  Outcome handle_create_permission(Now now, const AuthenticatedRequest& request, Effects& out);
  Outcome handle_channel_bind(Now now, const AuthenticatedRequest& request, Effects& out);
  ClientVerdict handle_send(Now now, const FiveTuple& from, const stun::MessageView& message);
  ClientVerdict handle_channel_data(Now now, const FiveTuple& from, ByteView bytes);

  std::expected<Allocation*, Refusal> allocation_of(const AuthenticatedRequest& request, Now now);
  Outcome check_peer(Allocation& allocation, const PeerAddress& peer) const;

  // What has not expired, and for packets: is bound.
  Allocation* live_allocation(const FiveTuple& from, MonoTime now);
  [[nodiscard]] const RelayInterface* interface_of(Family family) const;
  [[nodiscard]] PeerAddress as_sent(const PeerAddress& peer) const;
  [[nodiscard]] PeerAddress as_named(const PeerAddress& peer) const;
  stun::TransactionId next_indication_id();

  std::vector<RelayInterface> interfaces_;
  RelayPorts ports_;
  RelayRules rules_;
  ByteRates rates_;
  RandomSource& random_;
  Quota& quota_;
  Reservations& reservations_;
  std::optional<AlternateServers> drain_;

  AllocationTable table_;
  UserBuckets user_buckets_;
  std::uint64_t allocations_made_ = 0;
  std::size_t permissions_ = 0;
  std::size_t channels_ = 0;
  DeadlineQueue<RelayId> deadlines_;  // of whatever of an allocation ends first
  std::array<std::uint64_t, 2> indication_seed_{};
  ChallengeBudget challenge_budget_;
};

}  // namespace icebreaker::turn
