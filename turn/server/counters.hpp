// What one worker counts. Its thread is the only writer; the metrics endpoint reads at any time.
#pragma once

#include <array>
#include <cstddef>

#include "common/base/counter_per.hpp"
#include "common/base/relaxed_counter.hpp"
#include "common/base/size_counts.hpp"
#include "common/stun/error_code.hpp"
#include "common/stun/message.hpp"
#include "turn/core/auth_failure.hpp"
#include "turn/core/special_networks.hpp"
#include "turn/core/traffic.hpp"
#include "turn/core/verdict.hpp"

namespace icebreaker::turn {

inline constexpr auto kCountedMethods = std::to_array<stun::Method>({
    stun::Method::Binding,
    stun::Method::Allocate,
    stun::Method::Refresh,
    stun::Method::CreatePermission,
    stun::Method::ChannelBind,
});

// Every error that the relay answers with.
inline constexpr auto kCountedErrors = std::to_array<stun::ErrorCode>({
    stun::ErrorCode::TryAlternate,
    stun::ErrorCode::BadRequest,
    stun::ErrorCode::Unauthenticated,
    stun::ErrorCode::Forbidden,
    stun::ErrorCode::UnknownAttribute,
    stun::ErrorCode::AllocationMismatch,
    stun::ErrorCode::StaleNonce,
    stun::ErrorCode::AddressFamilyNotSupported,
    stun::ErrorCode::WrongCredentials,
    stun::ErrorCode::UnsupportedTransportProtocol,
    stun::ErrorCode::PeerAddressFamilyMismatch,
    stun::ErrorCode::AllocationQuotaReached,
    stun::ErrorCode::InsufficientCapacity,
});

struct MethodCounters {
  RelaxedCounter handled;
  std::array<RelaxedCounter, kCountedErrors.size()> errors;
};

struct DirectionCounters {
  RelaxedCounter packets;
  RelaxedCounter bytes;
};

struct WorkerCounters {
  RelaxedCounter allocations_made;
  RelaxedCounter allocations_ended;
  RelaxedCounter relay_port_failures;
  RelaxedCounter allocations;  // now
  RelaxedCounter permissions;  // now
  RelaxedCounter channels;     // now
  SizeCounts authentication_us;
  DirectionCounters to_peers;
  DirectionCounters to_clients;
  std::array<MethodCounters, kCountedMethods.size()> methods;
  CounterPer<Drop> client_drops;
  CounterPer<Drop> peer_drops;
  CounterPer<AuthFailure> auth_failures;
  CounterPer<PeerRule> refused_peers;
  CounterPer<QuotaRefusal> quota_refusals;
  CounterPer<AllocationUse> uses;

  void count(const Handled& handled);
};

}  // namespace icebreaker::turn
