#include "common/signaling_client/wishes.hpp"

#include <utility>

namespace icebreaker::signaling_client {

namespace client = signaling::client;
namespace server = signaling::server;

void Wishes::note_sent(const signaling::ClientMessage& message) {
  if (const auto* join = std::get_if<client::Join>(&message)) {
    join_ = *join;
    token_has_room_ = false;
  } else if (std::holds_alternative<client::Leave>(message)) {
    join_.reset();
    if (!matching_) match_.reset();
  } else if (const auto* match = std::get_if<client::Match>(&message)) {
    match_ = *match;
    matching_ = true;
  } else if (std::holds_alternative<client::MatchCancel>(message)) {
    matching_ = false;
    match_.reset();
  } else if (const auto* watch = std::get_if<client::Watch>(&message)) {
    watched_.insert(watch->users.begin(), watch->users.end());
  } else if (const auto* unwatch = std::get_if<client::Unwatch>(&message)) {
    for (const std::string& user : unwatch->users) watched_.erase(user);
  }
}

std::optional<signaling::ClientMessage> Wishes::note_received(
    const signaling::ServerMessage& message) {
  if (const auto* joined = std::get_if<server::Joined>(&message)) {
    on_room_given(joined->resume_token);
  } else if (const auto* matched = std::get_if<server::Matched>(&message)) {
    on_room_given(matched->resume_token);
    matching_ = false;
    join_ = client::Join{matched->room, {}, static_cast<std::uint32_t>(matched->peers.size() + 1)};
  } else if (const auto* left = std::get_if<server::PeerLeft>(&message)) {
    if (left->reason == signaling::LeaveReason::Unmatched) on_unmatched(left->room);
  } else if (const auto* matching = std::get_if<server::Matching>(&message)) {
    return on_matching(matching->queue);
  } else if (const auto* error = std::get_if<server::Error>(&message)) {
    if (error->code == signaling::ErrorCode::RoomFull) join_.reset();
  }
  return std::nullopt;
}

void Wishes::on_unmatched(const std::string& room) {
  // The room is over, and queued is who still wants to.
  if (join_ && join_->room == room) join_.reset();
  matching_ = match_.has_value();
  unmatched_ = true;
}

std::optional<signaling::ClientMessage> Wishes::on_matching(const std::string& queue) {
  matching_ = match_ && match_->queue == queue;
  if (matching_) join_.reset();
  // The server queues us again while we leave: nobody must be matched with us.
  const bool is_unwanted = std::exchange(unmatched_, false) && !matching_;
  if (!is_unwanted) return std::nullopt;
  return client::MatchCancel{queue};
}

void Wishes::hint(client::Hello& hello) const {
  if (join_) {
    hello.room = join_->room;
  } else if (matching_) {
    hello.queue = match_->queue;
  }
}

std::vector<signaling::ClientMessage> Wishes::again(notice::Anew::Peer peer) {
  unmatched_ = false;
  std::vector<signaling::ClientMessage> messages;
  // A token that was issued with the room brings the room back by itself.
  const bool in_room = peer == notice::Anew::Peer::Same && token_has_room_;
  if (in_room && !join_) messages.emplace_back(client::Leave{});
  if (!in_room && join_) messages.emplace_back(*join_);
  if (matching_) messages.emplace_back(*match_);
  if (!watched_.empty()) {
    messages.emplace_back(client::Watch{{watched_.begin(), watched_.end()}});
  }
  return messages;
}

}  // namespace icebreaker::signaling_client
