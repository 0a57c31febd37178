// Names of sessions and peers that do not mix. A SessionId is a secret, a PeerId is public.
#pragma once

#include <compare>
#include <cstddef>
#include <functional>
#include <string>

namespace icebreaker::signaling {

template <class Tag>
struct TextId {
  std::string value;
  auto operator<=>(const TextId&) const = default;
};

using SessionId = TextId<struct SessionTag>;
using PeerId = TextId<struct PeerTag>;

}  // namespace icebreaker::signaling

template <class Tag>
struct std::hash<icebreaker::signaling::TextId<Tag>> {
  std::size_t operator()(const icebreaker::signaling::TextId<Tag>& id) const noexcept {
    return std::hash<std::string>{}(id.value);
  }
};
