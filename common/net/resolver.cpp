#include "common/net/resolver.hpp"

#include <cstring>
#include <memory>
#include <utility>

#include <netdb.h>
#include <sys/socket.h>

#include "common/net/sockaddr.hpp"

namespace icebreaker::net {
namespace {

std::vector<SocketAddress> addresses_of(const addrinfo* list, std::uint16_t port) {
  std::vector<SocketAddress> addresses;
  for (; list != nullptr; list = list->ai_next) {
    if (list->ai_addrlen > SockAddr::kCapacity) continue;
    SockAddr raw;
    std::memcpy(raw.get(), list->ai_addr, list->ai_addrlen);
    if (const auto address = raw.address()) addresses.push_back({address->ip, port});
  }
  return addresses;
}

}  // namespace

struct Resolver::Query {
  uv_getaddrinfo_t request{};
  Resolver* owner = nullptr;  // none: nobody waits for it any more
  std::uint16_t port = 0;
  OnResolved done;

  static void on_answer(uv_getaddrinfo_t* request, int status, addrinfo* list) noexcept {
    const std::unique_ptr<Query> self{static_cast<Query*>(request->data)};
    const std::unique_ptr<addrinfo, decltype(&uv_freeaddrinfo)> found{list, uv_freeaddrinfo};
    if (self->owner == nullptr) return;
    std::erase(self->owner->queries_, self.get());
    if (status != 0) return self->done(std::unexpected(std::string{uv_strerror(status)}));
    self->done(addresses_of(list, self->port));
  }
};

Resolver::Resolver(uv_loop_t* loop) : loop_{loop} {
  soon_.start(loop, [this] { tell_refusal(); });
}

Resolver::~Resolver() {
  cancel();
}

void Resolver::resolve(const std::string& host, std::uint16_t port, OnResolved done) {
  auto query = std::make_unique<Query>();
  query->request.data = query.get();
  query->owner = this;
  query->port = port;
  query->done = std::move(done);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_family = AF_UNSPEC;
  const int status =
      uv_getaddrinfo(loop_, &query->request, Query::on_answer, host.c_str(), nullptr, &hints);
  if (status == 0) {
    queries_.push_back(query.release());
    return;
  }
  refusals_.push_back({std::move(query->done), uv_strerror(status)});
  soon_.set();
}

void Resolver::cancel() {
  for (Query* const each : std::exchange(queries_, {})) {
    each->owner = nullptr;
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): libuv's way of subclassing.
    uv_cancel(reinterpret_cast<uv_req_t*>(&each->request));
  }
  refusals_.clear();
  soon_.stop();
}

// One a turn: what it calls may cancel the others, or end this object.
void Resolver::tell_refusal() {
  const Refusal refusal = std::move(refusals_.front());
  refusals_.pop_front();
  if (!refusals_.empty()) soon_.set();
  refusal.done(std::unexpected(refusal.why));
}

}  // namespace icebreaker::net
