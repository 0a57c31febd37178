#include "common/ice/foundation.hpp"

namespace icebreaker::ice {

std::string Foundations::foundation_of(const FoundationBasis& basis) {
  const auto [entry, added] = number_by_basis_.try_emplace(basis, number_by_basis_.size() + 1);
  return std::to_string(entry->second);
}

}  // namespace icebreaker::ice
