#include "turn/core/password_algorithms.hpp"

#include <algorithm>

#include "turn/core/nonce_cookie.hpp"

namespace icebreaker::turn {

stun::PasswordAlgorithms::Value offered_algorithms() {
  using enum stun::PasswordAlgorithmNumber;
  return {{Sha256, {}}, {Md5, {}}};
}

std::optional<AlgorithmChoice> chosen_algorithm(const stun::MessageView& request,
                                                std::string_view nonce) {
  const bool has_list = request.has<stun::PasswordAlgorithms>();
  if (!has_list && !request.has<stun::PasswordAlgorithm>()) return AlgorithmChoice{};

  // Which algorithm makes the key must be clear even where the nonce is none of ours: the request
  // is then told so by 438, behind the check of its integrity.
  const auto offered = offered_algorithms();
  const auto chosen = request.get<stun::PasswordAlgorithm>();
  const auto is_chosen = [&](const auto& each) { return chosen && each == *chosen; };
  if (std::ranges::none_of(offered, is_chosen)) return std::nullopt;

  const auto features = SecurityFeatures::in_nonce(nonce);
  if (features && features->has(SecurityFeature::PasswordAlgorithms)) {
    const auto list = request.get<stun::PasswordAlgorithms>();
    if (!list || *list != offered) return std::nullopt;
  }
  return AlgorithmChoice{chosen->number, stun::AttributeType::MessageIntegritySha256};
}

}  // namespace icebreaker::turn
