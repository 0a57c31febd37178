// One connection to Redis on a libuv loop. The socket is libuv's, and hiredis reads and writes the
// protocol: hiredis 0.14's own connections look up names in a blocking way, and its adapter for
// libuv takes no notice of a refused or reset connection (poll errors). The process must ignore
// SIGPIPE.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <uv.h>

#include "common/base/address.hpp"
#include "common/net/resolver.hpp"
#include "common/net/uv_handles.hpp"
#include "signaling/state/redis/redis_url.hpp"
#include "signaling/state/redis/wire.hpp"

namespace icebreaker::signaling {

class HiredisWire {
 public:
  // None is called from inside of open, send or close; all may call these.
  struct Events {
    std::function<void()> on_opened;
    std::function<void(WireReply)> on_reply;
    std::function<void(RedisWireHandler::End, const std::string& why)> on_ended;
  };

  HiredisWire(uv_loop_t* loop, Events events);
  HiredisWire(const HiredisWire&) = delete;
  HiredisWire& operator=(const HiredisWire&) = delete;
  HiredisWire(HiredisWire&&) = delete;
  HiredisWire& operator=(HiredisWire&&) = delete;
  ~HiredisWire();

  // A name with several addresses: each is tried, beginning with another one every time.
  void open(const RedisUrl& url);
  void send(std::span<const std::string_view> words);
  void close();

 private:
  struct Socket;

  void on_looked_up(std::vector<SocketAddress> found);
  void connect_unix(const std::string& path);
  void connect_next();
  void on_connected(int status);
  void on_read(std::string_view bytes);
  void flush();
  void end(const std::string& why);
  void close_socket();

  uv_loop_t* loop_;
  Events events_;
  net::Resolver resolver_;
  // libuv has it until it has called back; closing leaves it to libuv.
  Socket* socket_ = nullptr;
  std::vector<SocketAddress> addresses_;  // not tried yet, the next one last
  std::size_t opens_ = 0;
  bool opened_ = false;
  std::string unsent_;
  net::UvIdle soon_;
};

}  // namespace icebreaker::signaling
