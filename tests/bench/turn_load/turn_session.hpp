// One client's conversation with a TURN server, without I/O: challenge, allocation, channel, and at
// the end the release. The caller sends requests, repeats them, and hands over the answers.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "common/base/bytes.hpp"
#include "common/crypto/digest.hpp"
#include "common/stun/channel_number.hpp"
#include "common/stun/error_code.hpp"
#include "common/stun/message.hpp"
#include "tests/bench/turn_load/crowd_socket.hpp"

namespace icebreaker::bench {

struct Credentials {
  std::string username;
  std::string password;
};

class TurnSession {
 public:
  // What is asked of the server next; None: nothing, it is ready for data, released or failed.
  enum class Request : std::uint8_t { None, Challenge, Allocate, BindChannel, Refresh };
  enum class State : std::uint8_t { Idle, Ready, Released, Failed };

  // `number` tells its transactions from those of other sessions.
  TurnSession(const Credentials& credentials, std::uint32_t number, stun::ChannelNumber channel,
              Endpoint peer);

  // Up to the channel; afterwards release(), or refresh() with a lifetime that is soon over.
  void allocate();
  void refresh(std::chrono::seconds lifetime);

  // Allocation, channel and permission.
  void renew(std::chrono::seconds lifetime) {
    renews_channel_ = true;
    refresh(lifetime);
  }

  void release() { refresh(std::chrono::seconds{0}); }

  // Allocations that are released at once need no channel.
  void leave_out_channel() { wants_channel_ = false; }

  [[nodiscard]] std::uint32_t number() const { return number_; }

  [[nodiscard]] Request request() const { return request_; }

  // How many requests there were so far: another number, another request to send.
  [[nodiscard]] std::uint32_t asked() const { return requests_; }

  [[nodiscard]] State state() const { return state_; }

  // The message to send for request(), the same each time; empty with None.
  ByteView write_request(MutableByteView buffer) const;

  // Whether it is the answer to request(); others are ignored.
  bool on_response(const stun::MessageView& response);

  [[nodiscard]] stun::ChannelNumber channel() const { return channel_; }

  // After Ready.
  [[nodiscard]] Endpoint relay() const { return relay_; }

  // After Failed: the code of the server's answer; 0 when it answered something without sense.
  [[nodiscard]] unsigned error() const { return error_; }

 private:
  void ask(Request request);
  void on_success(const stun::MessageView& response);
  void on_error(const stun::MessageView& response);
  bool learn_challenge(const stun::MessageView& response);
  void fail(unsigned error);
  [[nodiscard]] stun::TransactionId transaction_id() const;

  const Credentials* credentials_;
  std::uint32_t number_;
  stun::ChannelNumber channel_;
  Endpoint peer_;
  Endpoint relay_;
  Request request_ = Request::None;
  State state_ = State::Idle;
  bool wants_channel_ = true;
  bool renews_channel_ = false;
  std::chrono::seconds lifetime_{0};
  std::uint32_t requests_ = 0;
  unsigned stale_nonces_ = 0;
  unsigned error_ = 0;
  std::string realm_;
  std::string nonce_;
  crypto::Md5Digest key_{};
};

}  // namespace icebreaker::bench
