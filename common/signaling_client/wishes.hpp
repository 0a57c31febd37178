// What the application asked for and still wants, to ask again when the server lost the session.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/signaling/messages.hpp"
#include "common/signaling_client/effects.hpp"

namespace icebreaker::signaling_client {

class Wishes {
 public:
  void note_sent(const signaling::ClientMessage& message);
  // Returns what to answer for the application.
  std::optional<signaling::ClientMessage> note_received(const signaling::ServerMessage& message);

  // Where the session should be placed.
  void hint(signaling::client::Hello& hello) const;

  // What to say in a session that took the place of a lost one.
  [[nodiscard]] std::vector<signaling::ClientMessage> again(notice::Anew::Peer peer);

 private:
  void on_room_given(const std::string& resume_token) { token_has_room_ = !resume_token.empty(); }

  void on_unmatched(const std::string& room);
  std::optional<signaling::ClientMessage> on_matching(const std::string& queue);

  std::optional<signaling::client::Join> join_;
  std::optional<signaling::client::Match> match_;
  bool matching_ = false;
  bool unmatched_ = false;       // a match came to nothing: the server queues us again
  bool token_has_room_ = false;  // the resume token brings a room with it
  std::set<std::string> watched_;
};

}  // namespace icebreaker::signaling_client
