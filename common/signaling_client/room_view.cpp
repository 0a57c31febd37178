#include "common/signaling_client/room_view.hpp"

#include <variant>

namespace icebreaker::signaling_client {

namespace server = signaling::server;
using signaling::Presence;

void RoomView::on_message(const signaling::ServerMessage& message) {
  const auto set_presence = [this](const signaling::PeerId& peer, Presence presence) {
    const auto found = peers_.find(peer);
    if (found != peers_.end()) found->second.presence = presence;
  };
  if (const auto* joined = std::get_if<server::Joined>(&message)) {
    enter(joined->room, joined->role, joined->peers);
  } else if (const auto* matched = std::get_if<server::Matched>(&message)) {
    enter(matched->room, matched->role, matched->peers);
  } else if (const auto* came = std::get_if<server::PeerJoined>(&message)) {
    peers_[came->peer] = {came->peer, came->name, came->role, Presence::Here};
  } else if (const auto* away = std::get_if<server::PeerAway>(&message)) {
    set_presence(away->peer, Presence::Away);
  } else if (const auto* back = std::get_if<server::PeerBack>(&message)) {
    set_presence(back->peer, Presence::Here);
  } else if (const auto* gone = std::get_if<server::PeerLeft>(&message)) {
    if (gone->reason == signaling::LeaveReason::Unmatched) return clear();
    peers_.erase(gone->peer);
  } else if (const auto* matching = std::get_if<server::Matching>(&message)) {
    clear();
    waiting_ = *matching;
  } else if (std::holds_alternative<server::MatchCancelled>(message)) {
    waiting_.reset();
  }
}

void RoomView::clear() {
  room_.clear();
  peers_.clear();
  waiting_.reset();
}

void RoomView::enter(const std::string& room, signaling::Role role,
                     const std::vector<server::Peer>& peers) {
  clear();
  room_ = room;
  role_ = role;
  for (const server::Peer& peer : peers) peers_[peer.peer] = peer;
}

}  // namespace icebreaker::signaling_client
