#include "common/stun/unknown_attributes.hpp"

#include <algorithm>

namespace icebreaker::stun {

AttributeTypeList unknown_attributes(const MessageView& message,
                                     std::span<const AttributeType> known) {
  AttributeTypeList unknown;
  for (const AttributeView& each : message) {
    if (!comprehension_required(each.type)) continue;
    if (std::ranges::find(known, each.type) != known.end()) continue;
    if (std::ranges::find(unknown, each.type) != unknown.end()) continue;
    if (!unknown.push_back(each.type)) break;
  }
  return unknown;
}

}  // namespace icebreaker::stun
