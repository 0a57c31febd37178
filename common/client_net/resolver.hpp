// Names to addresses on a libuv loop, without blocking it.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <uv.h>

namespace icebreaker::client_net {

class Resolver {
 public:
  // Numeric addresses in the system's order of preference, or what went wrong.
  using OnResolved = std::function<void(std::expected<std::vector<std::string>, std::string>)>;

  explicit Resolver(uv_loop_t* loop) : loop_{loop} {}

  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  Resolver(Resolver&&) = delete;
  Resolver& operator=(Resolver&&) = delete;
  // Nothing is called back after this.
  ~Resolver();

  void resolve(const std::string& host, OnResolved done);

 private:
  struct Query;

  uv_loop_t* loop_;
  std::vector<std::shared_ptr<Query>> queries_;
};

}  // namespace icebreaker::client_net
