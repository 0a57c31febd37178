// The session over HTTP: one held GET that receives, one POST at a time that sends.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "common/signaling_client/transport.hpp"

namespace icebreaker::signaling_client {

class LongPollTransport final : public Transport {
 public:
  explicit LongPollTransport(TransportContext& shared)
      : Transport{TransportKind::LongPoll, shared} {}

  void connect(Now now) override;
  void hello(Now now, const signaling::client::Hello& hello) override;
  void flush(Now now) override;

  // The next poll's `after` acknowledges.
  void delivered(Now /*now*/) override {}

  void rest() override { resting_ = true; }

  void wake(Now now) override;
  void end(Now now) override;
  void close() override;
  void on_event(Now now, const Event& event) override;
  void on_timer(Now now, Timer timer) override;

 private:
  struct Request {
    std::optional<LinkId> link;
    Timer timeout = Timer::Receive;
  };

  void start(Now now, Request& request, effect::StartRequest wanted,
             std::chrono::milliseconds timeout);
  void cancel(Request& request);
  void poll(Now now);
  void post(Now now);
  void on_welcomed(Now now, const event::Responded& response);
  void on_polled(Now now, const event::Responded& response);
  void on_posted(Now now, const event::Responded& response);
  void send_again_after(Now now, std::chrono::milliseconds pause);
  void fail(Now now, const event::Responded& response);

  bool welcomed_ = false;
  bool resting_ = false;
  Request receive_{{}, Timer::Receive};
  Request send_{{}, Timer::Send};
  MonoTime polled_at_;
  std::chrono::milliseconds hold_{20'000};
};

// Ends a session without waiting for the answer.
void end_session(TransportContext& context);

}  // namespace icebreaker::signaling_client
