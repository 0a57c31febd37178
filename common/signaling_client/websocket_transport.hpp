// The session over one WebSocket.
#pragma once

#include <cstdint>
#include <optional>

#include "common/signaling_client/ack_pace.hpp"
#include "common/signaling_client/transport.hpp"

namespace icebreaker::signaling_client {

class WebSocketTransport final : public Transport {
 public:
  explicit WebSocketTransport(TransportContext& shared)
      : Transport{TransportKind::WebSocket, shared}, acks_{shared.timers, id()} {}

  void connect(Now now) override;
  void hello(Now now, const signaling::client::Hello& hello) override;
  void flush(Now now) override;
  void delivered(Now now) override;
  void end(Now now) override;
  void close() override;
  void on_event(Now now, const Event& event) override;
  void on_timer(Now now, Timer timer) override;

 private:
  void on_frame(Now now, const std::string& text);
  void on_envelope(Now now, signaling::ServerEnvelope envelope);
  void on_transport_error(Now now, signaling::ServerEnvelope envelope);
  void acknowledge();
  void expect_confirmation(Now now);
  void send(const std::string& text);

  LinkId link_;
  bool welcomed_ = false;
  AckPace acks_;
  std::optional<signaling::server::Error> last_error_;
};

}  // namespace icebreaker::signaling_client
