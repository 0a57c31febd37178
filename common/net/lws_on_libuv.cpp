#include "common/net/lws_on_libuv.hpp"

#include <array>

namespace icebreaker::net {
namespace {

constexpr unsigned kHeadBytes = 8192;
constexpr unsigned kReadBytes = 32U * 1024;

}  // namespace

lws_context_creation_info usual_lws_options() {
  lws_context_creation_info info{};
  info.options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
                 LWS_SERVER_OPTION_VALIDATE_UTF8 | LWS_SERVER_OPTION_UV_NO_SIGSEGV_SIGFPE_SPIN;
  info.gid = -1;
  info.uid = -1;
  info.max_http_header_data2 = kHeadBytes;
  info.pt_serv_buf_size = kReadBytes;
  return info;
}

LwsOnLibuv::~LwsOnLibuv() {
  close();
}

std::expected<void, std::string> LwsOnLibuv::open(uv_loop_t* loop, lws_context_creation_info info,
                                                  const std::string& vhost_problem) {
  loop_ = loop;
  std::array<void*, 1> loops{loop};
  info.foreign_loops = loops.data();
  info.pcontext = &context_;
  context_ = lws_create_context(&info);
  if (context_ == nullptr) {
    return std::unexpected(
        "libwebsockets cannot use libuv; install the package libwebsockets-evlib-uv");
  }
  vhost_ = lws_create_vhost(context_, &info);
  if (vhost_ == nullptr) return std::unexpected(vhost_problem);
  return {};
}

void LwsOnLibuv::close() {
  if (context_ == nullptr) return;
  lws_context_destroy(context_);
  // On a foreign loop the library's handles close in the next turns; it frees itself when asked
  // once more after that.
  constexpr int kTurns = 100;
  for (int turn = 0; turn < kTurns && context_ != nullptr; ++turn) uv_run(loop_, UV_RUN_NOWAIT);
  if (context_ != nullptr) lws_context_destroy(context_);
  context_ = nullptr;
  vhost_ = nullptr;
}

}  // namespace icebreaker::net
