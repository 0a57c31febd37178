#include "common/ice/priority.hpp"

#include <gtest/gtest.h>

namespace icebreaker::ice {
namespace {

using enum CandidateType;
using enum TcpType;

TEST(Priority, OfASingleAddressHostIsTheOneEveryAgentSends) {
  EXPECT_EQ(candidate_priority(Host, kSingleAddressPreference, 1), 2130706431U);
  EXPECT_EQ(candidate_priority(Host, kSingleAddressPreference, 2), 2130706430U);
  EXPECT_EQ(candidate_priority(PeerReflexive, kSingleAddressPreference, 1), 1862270975U);
  EXPECT_EQ(candidate_priority(ServerReflexive, kSingleAddressPreference, 1), 1694498815U);
  EXPECT_EQ(candidate_priority(Relayed, kSingleAddressPreference, 1), 16777215U);
}

TEST(Priority, StaysWithinOneAnd2To31) {
  EXPECT_EQ(candidate_priority(Relayed, 0, 256), 1U);
  EXPECT_EQ(candidate_priority(Relayed, 0, 255), 1U);
  EXPECT_LE(candidate_priority(Host, 65535, 1), kMaxPriority);
}

TEST(TcpPriority, PutsTheDirectionFirst) {
  EXPECT_EQ(tcp_local_preference(Host, Active), (6U << 13U) + 8191U);
  EXPECT_EQ(tcp_local_preference(Host, Passive), (4U << 13U) + 8191U);
  EXPECT_EQ(tcp_local_preference(Host, SimultaneousOpen), (2U << 13U) + 8191U);
  EXPECT_EQ(tcp_local_preference(Relayed, Active, 0), 6U << 13U);
  EXPECT_EQ(tcp_local_preference(ServerReflexive, SimultaneousOpen), (6U << 13U) + 8191U);
  EXPECT_EQ(tcp_local_preference(ServerReflexive, Active), (4U << 13U) + 8191U);
  EXPECT_EQ(tcp_local_preference(ServerReflexive, Passive, 5), (2U << 13U) + 5U);
}

TEST(PairPriority, FollowsTheFormula) {
  EXPECT_EQ(pair_priority({.controlling = 3, .controlled = 5}), (3ULL << 32U) + 10);
  EXPECT_EQ(pair_priority({.controlling = 5, .controlled = 3}), (3ULL << 32U) + 11);
  EXPECT_EQ(pair_priority({.controlling = 4, .controlled = 4}), (4ULL << 32U) + 8);
}

TEST(PairPriority, FitsTheHighestPriorities) {
  EXPECT_EQ(pair_priority({.controlling = kMaxPriority, .controlled = kMaxPriority}),
            (0x7FFF'FFFFULL << 32U) + 0xFFFF'FFFEULL);
}

}  // namespace
}  // namespace icebreaker::ice
