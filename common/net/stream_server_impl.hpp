// Inside of StreamServer, for its own .cpp files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <sys/epoll.h>

#include "common/net/stream_server.hpp"

namespace icebreaker::net {

class StreamServer::Listener final : public PollHandler {
 public:
  Listener(StreamServer& server, UniqueFd fd, std::optional<StreamOpeningRules> opening_rules)
      : rules{std::move(opening_rules)}, server_{server}, fd_{std::move(fd)} {}

  void on_ready(std::uint32_t /*events*/) override { server_.accept_from(*this); }

  [[nodiscard]] int fd() const { return fd_.get(); }

  // NOLINTNEXTLINE(readability-identifier-naming): a plain record of the server's own.
  const std::optional<StreamOpeningRules> rules;  // nothing: open from the start

 private:
  StreamServer& server_;
  UniqueFd fd_;
};

class StreamServer::Connection final : public PollHandler {
 public:
  Connection(StreamServer& server, ConnectionId own_id, const ConnectionInfo& connection,
             std::unique_ptr<ByteStream> bytes)
      : id{own_id}, info{connection}, stream{std::move(bytes)}, server_{server} {}

  void on_ready(std::uint32_t events) override { server_.on_ready(*this, events); }

  [[nodiscard]] std::size_t unsent_bytes() const { return unsent.size() - sent; }

  // The kernel's buffer is full; EPOLLOUT will tell.
  [[nodiscard]] bool is_blocked() const { return (watched & EPOLLOUT) != 0; }

  // NOLINTBEGIN(readability-identifier-naming): a plain record of the server's own.
  const ConnectionId id;
  ConnectionInfo info;
  std::optional<IpAddress> counted;       // in the share of its network
  std::optional<StreamOpening> opening;   // until its first byte is known
  std::optional<OpeningFailure> failure;  // of its opening
  bool announced = false;                 // to the handler
  std::unique_ptr<ByteStream> stream;
  std::vector<std::byte> unsent;
  std::size_t sent = 0;  // of `unsent`
  std::uint32_t watched = EPOLLIN;
  bool read_closed = false;
  bool flush_queued = false;
  std::optional<CloseReason> ended;  // to be finished once nobody up the stack uses it
                                     // NOLINTEND(readability-identifier-naming)

 private:
  StreamServer& server_;
};

}  // namespace icebreaker::net
