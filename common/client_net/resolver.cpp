#include "common/client_net/resolver.hpp"

#include <array>
#include <utility>

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace icebreaker::client_net {

struct Resolver::Query {
  uv_getaddrinfo_t request{};
  OnResolved done;
  std::shared_ptr<Query> self;  // libuv holds it until it calls back
};

namespace {

std::string text_of(const sockaddr* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool v6 = address->sa_family == AF_INET6;
  const void* const generic = address;
  const int failed =
      v6 ? uv_ip6_name(static_cast<const sockaddr_in6*>(generic), text.data(), text.size())
         : uv_ip4_name(static_cast<const sockaddr_in*>(generic), text.data(), text.size());
  return failed != 0 ? std::string{} : std::string{text.data()};
}

std::vector<std::string> texts_of(const addrinfo* list) {
  std::vector<std::string> texts;
  for (; list != nullptr; list = list->ai_next) {
    if (list->ai_family != AF_INET && list->ai_family != AF_INET6) continue;
    std::string text = text_of(list->ai_addr);
    if (!text.empty()) texts.push_back(std::move(text));
  }
  return texts;
}

}  // namespace

Resolver::~Resolver() {
  for (const auto& query : queries_) {
    query->done = nullptr;
    void* const request = &query->request;
    uv_cancel(static_cast<uv_req_t*>(request));
  }
}

void Resolver::resolve(const std::string& host, OnResolved done) {
  std::erase_if(queries_, [](const auto& query) { return query->self == nullptr; });
  auto query = std::make_shared<Query>();
  query->done = std::move(done);
  query->request.data = query.get();
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_family = AF_UNSPEC;
  const auto on_answer = [](uv_getaddrinfo_t* request, int status, addrinfo* list) noexcept {
    auto* const answered = static_cast<Query*>(request->data);
    const std::shared_ptr<Query> owner = std::exchange(answered->self, nullptr);
    auto addresses = texts_of(list);
    uv_freeaddrinfo(list);
    if (!owner->done) return;
    if (status != 0) return owner->done(std::unexpected(std::string{uv_strerror(status)}));
    owner->done(std::move(addresses));
  };
  const int started =
      uv_getaddrinfo(loop_, &query->request, on_answer, host.c_str(), nullptr, &hints);
  if (started != 0) return query->done(std::unexpected(std::string{uv_strerror(started)}));
  query->self = query;
  queries_.push_back(std::move(query));
}

}  // namespace icebreaker::client_net
