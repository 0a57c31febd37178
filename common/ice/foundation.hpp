// Foundations of our own candidates (RFC 8445 §5.1.1.3), for clients that gather some.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "common/base/address.hpp"
#include "common/ice/candidate.hpp"

namespace icebreaker::ice {

// Everything that makes two candidates share a foundation; ports do not count.
struct FoundationBasis {
  CandidateType type = CandidateType::Host;
  IpAddress base;
  std::optional<IpAddress> server;  // STUN or TURN, as contacted; none for host candidates
  Transport transport = Transport::Udp;
  auto operator<=>(const FoundationBasis&) const = default;
};

// One per ICE session. Counts up instead of hashing: equal only when the bases are equal, and
// the text tells nothing about an address that the candidate hides.
class Foundations {
 public:
  std::string foundation_of(const FoundationBasis& basis);

 private:
  std::map<FoundationBasis, std::size_t> number_by_basis_;
};

}  // namespace icebreaker::ice
