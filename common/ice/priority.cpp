#include "common/ice/priority.hpp"

#include <algorithm>

#include "common/base/check.hpp"

namespace icebreaker::ice {
namespace {

// RFC 6544 §4.2 names server-reflexive only; a peer-reflexive candidate crosses the same NAT.
bool is_reflexive(CandidateType type) {
  return type == CandidateType::ServerReflexive || type == CandidateType::PeerReflexive;
}

std::uint32_t direction_preference(CandidateType type, TcpType tcp_type) {
  switch (tcp_type) {
    case TcpType::Active:
      return is_reflexive(type) ? 4 : 6;
    case TcpType::Passive:
      return is_reflexive(type) ? 2 : 4;
    case TcpType::SimultaneousOpen:
      return is_reflexive(type) ? 6 : 2;
  }
  return 0;
}

}  // namespace

std::uint32_t type_preference(CandidateType type) {
  switch (type) {
    case CandidateType::Host:
      return 126;
    case CandidateType::PeerReflexive:
      return 110;
    case CandidateType::ServerReflexive:
      return 100;
    case CandidateType::Relayed:
    case CandidateType::Other:
      break;
  }
  return 0;
}

std::uint16_t tcp_local_preference(CandidateType type, TcpType tcp_type,
                                   std::uint16_t other_preference) {
  ICEBREAKER_CHECK(other_preference <= kMaxOtherPreference);
  return static_cast<std::uint16_t>((direction_preference(type, tcp_type) << 13U) |
                                    other_preference);
}

std::uint32_t candidate_priority(CandidateType type, std::uint16_t local_preference,
                                 std::uint16_t component) {
  ICEBREAKER_CHECK(component >= 1 && component <= kMaxComponent);
  const std::uint32_t priority = (type_preference(type) << 24U) +
                                 (std::uint32_t{local_preference} << 8U) +
                                 (std::uint32_t{256} - component);
  // All parts at their lowest make 0, which is no priority (RFC 8445 §5.1.2).
  return std::max(priority, std::uint32_t{1});
}

std::uint64_t pair_priority(PairPriorities priorities) {
  const std::uint64_t controlling = priorities.controlling;
  const std::uint64_t controlled = priorities.controlled;
  return (std::min(controlling, controlled) << 32U) + 2 * std::max(controlling, controlled) +
         (controlling > controlled ? 1 : 0);
}

}  // namespace icebreaker::ice
