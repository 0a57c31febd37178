// Integer ids that do not mix: using RelayId = StrongId<struct RelayTag, std::uint32_t>.
#pragma once

#include <compare>
#include <cstddef>
#include <functional>

namespace icebreaker {

template <class Tag, class Integer>
struct StrongId {
  Integer value{};
  auto operator<=>(const StrongId&) const = default;
};

}  // namespace icebreaker

template <class Tag, class Integer>
struct std::hash<icebreaker::StrongId<Tag, Integer>> {
  std::size_t operator()(const icebreaker::StrongId<Tag, Integer>& id) const noexcept {
    return std::hash<Integer>{}(id.value);
  }
};
