// Priorities of candidates and of candidate pairs (RFC 8445 §5.1.2, §6.1.2.3; RFC 6544 §4.2).
#pragma once

#include <cstdint>

#include "common/ice/candidate.hpp"

namespace icebreaker::ice {

constexpr std::uint16_t kSingleAddressPreference = 65535;
constexpr std::uint16_t kMaxOtherPreference = 8191;

// RFC 8445 §5.1.2.2; types that RFC does not know are a last resort, like relayed.
std::uint32_t type_preference(CandidateType type);

// RFC 6544 §4.2: the direction in the upper three bits; other_preference is 0..8191 and unique
// among the addresses of the host.
std::uint16_t tcp_local_preference(CandidateType type, TcpType tcp_type,
                                   std::uint16_t other_preference = kMaxOtherPreference);

// RFC 8445 §5.1.2.1; component is 1..256. The result is 1..2^31-1.
std::uint32_t candidate_priority(CandidateType type, std::uint16_t local_preference,
                                 std::uint16_t component);

struct PairPriorities {
  std::uint32_t controlling = 0;  // G of RFC 8445 §6.1.2.3
  std::uint32_t controlled = 0;   // D
};

std::uint64_t pair_priority(PairPriorities priorities);

}  // namespace icebreaker::ice
