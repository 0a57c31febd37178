// The session over HTTP: one POST at a time sends, one GET that is kept open receives. That is an
// event stream, or a poll where streams do not get through.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "common/signaling_client/ack_pace.hpp"
#include "common/signaling_client/event_stream_reader.hpp"
#include "common/signaling_client/transport.hpp"

namespace icebreaker::signaling_client {

class HttpTransport final : public Transport {
 public:
  // Either begins with a stream and goes on with polls when nothing of it arrives.
  enum class Receive : std::uint8_t { Either, StreamOnly, PollOnly };

  HttpTransport(TransportContext& shared, Receive receive)
      : Transport{receive == Receive::StreamOnly ? TransportKind::EventStream
                                                 : TransportKind::LongPoll,
                  shared},
        choice_{receive},
        acks_{shared.timers, id()} {}

  void connect(Now now) override;
  void hello(Now now, const signaling::client::Hello& hello) override;
  void flush(Now now) override;
  void delivered(Now now) override;

  void rest() override { resting_ = true; }

  void wake(Now now) override;
  void recheck(Now now) override;
  void end(Now now) override;
  void close() override;
  void on_event(Now now, const Event& event) override;
  void on_timer(Now now, Timer timer) override;

 private:
  struct Request {
    std::optional<LinkId> link;
    Timer timeout = Timer::Receive;
  };

  [[nodiscard]] bool streams() const { return kind() == TransportKind::EventStream; }

  void start(Now now, Request& request, effect::StartRequest wanted,
             std::chrono::milliseconds timeout);
  void cancel(Request& request);
  void on_response(Now now, const event::Responded& response);
  void on_welcomed(Now now, const event::Responded& response);
  void post(Now now);
  void on_posted(Now now, const event::Responded& response);
  void acknowledge(Now now);
  void send_again_after(Now now, std::chrono::milliseconds pause);
  void fail(Now now, const event::Responded& response);

  // http_receive.cpp
  void choose_receive(Now now);
  void receive(Now now);
  void receive_again(Now now);
  void on_piece(Now now, const std::string& bytes);
  void on_stream_ended(Now now, const event::Responded& response);
  void on_silent(Now now);
  void on_polled(Now now, const event::Responded& response);
  void on_text(Now now, const std::string& text);

  Receive choice_;
  bool welcomed_ = false;
  bool resting_ = false;
  Request receive_{{}, Timer::Receive};
  Request send_{{}, Timer::Send};
  MonoTime asked_at_;  // the receive that is open, or hello
  MonoTime heard_at_;
  std::chrono::milliseconds hold_{20'000};
  std::chrono::milliseconds ping_{25'000};
  std::chrono::milliseconds patience_{1'000};
  bool heard_ = false;  // of this stream
  EventStreamReader reader_;
  AckPace acks_;
  bool ack_due_ = false;
};

// "v1/sessions/ID", for a request about the session.
std::string session_path(const SessionState& session);

// The error that a body is, if it is one of the protocol's.
std::optional<signaling::server::Error> error_of(const std::string& body);

// Ends a session without waiting for the answer.
void end_session(TransportContext& context);

}  // namespace icebreaker::signaling_client
