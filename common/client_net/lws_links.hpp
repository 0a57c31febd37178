// WebSockets and HTTP requests of one signaling client, on libwebsockets over a libuv loop: effects
// in, events out. Knows nothing of sessions.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <string>

#include <uv.h>

#include "common/client_net/server_url.hpp"
#include "common/signaling_client/effects.hpp"

namespace icebreaker::client_net {

struct LinkOptions {
  ServerUrl server;
  std::string ca_file;  // PEM; empty = the system's
};

class LwsLinks {
 public:
  using OnEvent = std::function<void(signaling_client::Event)>;

  // The loop outlives the links and runs while they live. `on_event` may be called from apply().
  static std::expected<std::unique_ptr<LwsLinks>, std::string> make(uv_loop_t* loop,
                                                                    LinkOptions options,
                                                                    OnEvent on_event);
  LwsLinks(const LwsLinks&) = delete;
  LwsLinks& operator=(const LwsLinks&) = delete;
  LwsLinks(LwsLinks&&) = delete;
  LwsLinks& operator=(LwsLinks&&) = delete;
  // Drops what is open. Runs the loop for a moment.
  ~LwsLinks();

  void apply(const signaling_client::Effect& effect);

  // Links that are connecting, open, or still have something to say.
  [[nodiscard]] std::size_t open_count() const;

  class Impl;

 private:
  explicit LwsLinks(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace icebreaker::client_net
