#include "common/ice/foundation.hpp"

#include <array>
#include <set>

#include <gtest/gtest.h>

namespace icebreaker::ice {
namespace {

const IpAddress kBase = IpAddress::from_v4(0xC0000201);
const IpAddress kServer = IpAddress::from_v4(0xCB007101);

TEST(Foundations, DifferWithEachPartOfTheBasis) {
  const FoundationBasis relayed{CandidateType::Relayed, kBase, kServer, Transport::Udp};
  std::array<FoundationBasis, 6> bases;
  bases.fill(relayed);
  bases[1].type = CandidateType::ServerReflexive;
  bases[2].base = IpAddress::from_v4(0xC0000202);
  bases[3].server = IpAddress::from_v4(0xCB007102);
  bases[4].server = std::nullopt;
  bases[5].transport = Transport::Tcp;
  Foundations foundations;

  std::set<std::string> distinct;
  for (const FoundationBasis& basis : bases) distinct.insert(foundations.foundation_of(basis));

  EXPECT_EQ(distinct.size(), bases.size());
}

TEST(Foundations, AreTheSameForTheSameBasis) {
  const FoundationBasis host{.type = CandidateType::Host, .base = kBase, .server = {}};
  const FoundationBasis reflexive{CandidateType::ServerReflexive, kBase, kServer};
  Foundations foundations;

  const std::string first = foundations.foundation_of(host);
  const std::string other = foundations.foundation_of(reflexive);

  EXPECT_EQ(foundations.foundation_of(host), first);
  EXPECT_EQ(foundations.foundation_of(reflexive), other);
}

}  // namespace
}  // namespace icebreaker::ice
