// A signaling client on sockets: runs common/signaling_client on a libuv loop, over WebSocket and
// HTTP, plain or with TLS. For icebreaker-peer and for tests.
//
//   auto url = client_net::parse_server_url("https://signal.example.org/");
//   auto client = client_net::ClientRunner::make(
//       uv_default_loop(), {.server = *url}, random,
//       [](const signaling_client::Notice& notice) { … });
//   (*client)->start();
//   (*client)->send(signaling::client::Join{"lobby", "Alice", {}});
//   uv_run(uv_default_loop(), UV_RUN_DEFAULT);
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <string>

#include <uv.h>

#include "common/base/random.hpp"
#include "common/client_net/server_url.hpp"
#include "common/signaling_client/signaling_client.hpp"

namespace icebreaker::client_net {

struct RunnerOptions {
  ServerUrl server;
  std::string ca_file{};  // PEM; empty = the system's certificates
  signaling_client::ClientOptions client{};
};

// Everything runs on the loop's thread, and so do the callbacks. They may call the runner, but not
// destroy it.
class ClientRunner {
 public:
  using OnNotice = std::function<void(const signaling_client::Notice&)>;

  // The loop and `random` outlive the runner. Fails when the TLS certificates cannot be read.
  static std::expected<std::unique_ptr<ClientRunner>, std::string> make(uv_loop_t* loop,
                                                                        RunnerOptions options,
                                                                        RandomSource& random,
                                                                        OnNotice on_notice);
  ClientRunner(const ClientRunner&) = delete;
  ClientRunner& operator=(const ClientRunner&) = delete;
  ClientRunner(ClientRunner&&) = delete;
  ClientRunner& operator=(ClientRunner&&) = delete;
  // Without stop() before, the session stays on the server until it expires there.
  ~ClientRunner();

  // Connects, and stays connected until stop(). Messages may be sent before.
  void start();
  // See SignalingClient::send: kept until the server has it.
  signaling_client::SendResult send(const signaling::ClientMessage& message);
  // The network may have changed.
  void wake();
  // Goes on with the best of these, at once if another one carries the session.
  void use_transports(const signaling_client::TransportChoice& choice);
  // Ends the session; calls back when the server was told, or two seconds later.
  void stop(std::function<void()> done);

  // State, peer, room, ICE servers and counters.
  [[nodiscard]] const signaling_client::SignalingClient& client() const;

 private:
  class Impl;
  explicit ClientRunner(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace icebreaker::client_net
