// Wire names of the protocol's enums and message types, both ways. Used by the codec and by labels.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include "common/signaling/messages.hpp"

namespace icebreaker::signaling {

// By index() of the variant.
inline constexpr std::array<std::string_view, std::variant_size_v<ClientMessage>> kClientTypes{
    "hello", "join",    "leave", "signal", "match", "match-cancel",
    "watch", "unwatch", "ice",   "ack",    "bye"};
inline constexpr std::array<std::string_view, std::variant_size_v<ServerMessage>> kServerTypes{
    "welcome",   "joined",      "peer-joined", "peer-away", "peer-back",
    "peer-left", "signal",      "matching",    "matched",   "match-cancelled",
    "presence",  "ice-servers", "ack",         "goaway",    "error"};

inline constexpr std::array<std::string_view, 2> kRoles{"impolite", "polite"};
inline constexpr std::array<std::string_view, 5> kLeaveReasons{"left", "bye", "expired", "replaced",
                                                               "unmatched"};
inline constexpr std::array<std::string_view, kErrorCodeCount> kErrorCodes{
    "bad_message",      "unknown_type", "bad_sequence",         "unauthorized", "forbidden",
    "origin_refused",   "room_full",    "not_in_room",          "no_such_peer", "already_joined",
    "already_matching", "not_matching", "mailbox_full",         "too_large",    "rate_limited",
    "session_lost",     "superseded",   "unsupported_protocol", "unavailable"};

template <std::size_t Size>
constexpr std::optional<std::size_t> index_of(const std::array<std::string_view, Size>& names,
                                              std::string_view name) {
  for (std::size_t i = 0; i < Size; ++i) {
    if (names[i] == name) return i;
  }
  return std::nullopt;
}

// Of `data.kind`.
SignalKind signal_kind_of(std::string_view name);
// 1 to 64 of A-Z a-z 0-9 . _ -
bool is_valid_name(std::string_view name);
// Of valid UTF-8.
std::size_t count_code_points(std::string_view utf8);

}  // namespace icebreaker::signaling
