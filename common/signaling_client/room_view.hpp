// The room and its peers as the messages of the server tell, and the queue that we wait in.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "common/signaling/messages.hpp"

namespace icebreaker::signaling_client {

class RoomView {
 public:
  // Empty outside a room.
  [[nodiscard]] const std::string& room() const { return room_; }

  // Ours; towards one peer it is the opposite of that peer's.
  [[nodiscard]] signaling::Role role() const { return role_; }

  // All but ourselves.
  [[nodiscard]] const std::map<signaling::PeerId, signaling::server::Peer>& peers() const {
    return peers_;
  }

  [[nodiscard]] const std::optional<signaling::server::Matching>& waiting() const {
    return waiting_;
  }

  void on_message(const signaling::ServerMessage& message);
  void clear();

 private:
  void enter(const std::string& room, signaling::Role role,
             const std::vector<signaling::server::Peer>& peers);

  std::string room_;
  signaling::Role role_ = signaling::Role::Impolite;
  std::map<signaling::PeerId, signaling::server::Peer> peers_;
  std::optional<signaling::server::Matching> waiting_;
};

}  // namespace icebreaker::signaling_client
