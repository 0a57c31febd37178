// A libwebsockets context with one virtual host on a libuv loop that serves others too: how it is
// made and how it ends is the same for servers and clients.
#pragma once

#include <expected>
#include <string>

#include <libwebsockets.h>
#include <uv.h>

namespace icebreaker::net {

// What both sides want of the library; the caller adds user, port, protocols, timeouts and TLS.
lws_context_creation_info usual_lws_options();

class LwsOnLibuv {
 public:
  LwsOnLibuv() = default;
  LwsOnLibuv(const LwsOnLibuv&) = delete;
  LwsOnLibuv& operator=(const LwsOnLibuv&) = delete;
  LwsOnLibuv(LwsOnLibuv&&) = delete;
  LwsOnLibuv& operator=(LwsOnLibuv&&) = delete;
  ~LwsOnLibuv();

  // Once. The loop outlives this object. The error is one line; `vhost_problem` is the one for TLS
  // files that the library does not take.
  std::expected<void, std::string> open(uv_loop_t* loop, lws_context_creation_info info,
                                        const std::string& vhost_problem);

  // Ends all connections, which the protocols' callbacks hear of; runs the loop for a moment.
  void close();

  [[nodiscard]] lws_context* context() const { return context_; }

  [[nodiscard]] lws_vhost* vhost() const { return vhost_; }

 private:
  uv_loop_t* loop_ = nullptr;
  lws_context* context_ = nullptr;  // the library sets it back
  lws_vhost* vhost_ = nullptr;
};

}  // namespace icebreaker::net
