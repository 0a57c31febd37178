// Names to addresses on a libuv loop, without blocking it. For the clients of other servers.
#pragma once

#include <cstdint>
#include <deque>
#include <expected>
#include <functional>
#include <string>
#include <vector>

#include <uv.h>

#include "common/base/address.hpp"
#include "common/net/uv_handles.hpp"

namespace icebreaker::net {

class Resolver {
 public:
  // Addresses with the port asked for, in the system's order of preference, or what went wrong.
  using Found = std::expected<std::vector<SocketAddress>, std::string>;
  using OnResolved = std::function<void(Found)>;

  explicit Resolver(uv_loop_t* loop);

  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  Resolver(Resolver&&) = delete;
  Resolver& operator=(Resolver&&) = delete;
  // As cancel(). The loop must still turn once for what libuv holds.
  ~Resolver();

  // A name or a numeric address. Never calls back from inside of this.
  void resolve(const std::string& host, std::uint16_t port, OnResolved done);

  // Nothing that was asked so far is answered after this.
  void cancel();

 private:
  struct Query;

  struct Refusal {
    OnResolved done;
    std::string why;
  };

  void tell_refusal();

  uv_loop_t* loop_;
  // libuv's, until it has called back.
  std::vector<Query*> queries_;
  std::deque<Refusal> refusals_;
  UvIdle soon_;
};

}  // namespace icebreaker::net
