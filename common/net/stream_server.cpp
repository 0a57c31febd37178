#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "common/net/open_socket.hpp"
#include "common/net/sockaddr.hpp"
#include "common/net/stream_server_impl.hpp"

namespace icebreaker::net {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kReadBytes = std::size_t{64} << 10U;
constexpr int kAcceptsPerTurn = 64;
// What an idle connection keeps of its queue, to spare the allocator.
constexpr std::size_t kIdleQueueBytes = 4096;
// Out of descriptors, a listener stays readable; asking again at once would burn the core.
constexpr auto kAcceptPause = 1s;

bool is_out_of_descriptors(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

}  // namespace

StreamServer::StreamServer(EpollIo& io, StreamHandler& handler, StreamLimits limits)
    : io_{io},
      handler_{handler},
      limits_{limits},
      networks_{limits.connections_per_network},
      buffer_(kReadBytes) {}

StreamServer::~StreamServer() {
  for (const auto& [id, connection] : connections_)
    io_.unwatch(connection->stream->fd(), *connection);
  for (const auto& listener : listeners_) io_.unwatch(listener->fd(), *listener);
}

std::expected<SocketAddress, std::error_code> StreamServer::listen(const SocketAddress& local,
                                                                   PortSharing sharing) {
  return open_listener(local, sharing, std::nullopt);
}

std::expected<SocketAddress, std::error_code> StreamServer::listen(const SocketAddress& local,
                                                                   PortSharing sharing,
                                                                   StreamOpeningRules rules) {
  return open_listener(local, sharing, std::move(rules));
}

std::expected<SocketAddress, std::error_code> StreamServer::open_listener(
    const SocketAddress& local, PortSharing sharing, std::optional<StreamOpeningRules> rules) {
  auto fd = open_tcp_listener(local, sharing);
  if (!fd) return std::unexpected(fd.error());
  const auto bound = local_address_of(fd->get());
  if (!bound) return std::unexpected(std::error_code{errno, std::system_category()});
  auto listener = std::make_unique<Listener>(*this, std::move(*fd), std::move(rules));
  if (const auto error = io_.watch(listener->fd(), EPOLLIN, *listener)) {
    return std::unexpected(error);
  }
  listeners_.push_back(std::move(listener));
  return *bound;
}

SendResult StreamServer::send(ConnectionId id, const StreamMessage& message,
                              std::size_t max_unsent_bytes) {
  const auto found = connections_.find(id);
  if (found == connections_.end() || found->second->ended) return SendResult::Closed;
  Connection& connection = *found->second;
  const auto has_room = [&] {
    return connection.unsent_bytes() + message.size() <= max_unsent_bytes;
  };
  if (!has_room() && !connection.is_blocked()) write_to(connection);
  if (connection.ended) return SendResult::Closed;
  if (!has_room()) return SendResult::NoRoom;
  auto& unsent = connection.unsent;
  unsent.insert(unsent.end(), message.header.begin(), message.header.end());
  unsent.insert(unsent.end(), message.payload.begin(), message.payload.end());
  unsent.insert(unsent.end(), message.zeros, std::byte{0});
  if (connection.is_blocked()) return SendResult::Taken;
  if (connection.stream->keeps_messages_apart()) {
    write_to(connection);
    return connection.ended ? SendResult::Closed : SendResult::Taken;
  }
  if (!connection.flush_queued) {
    connection.flush_queued = true;
    to_flush_.push_back(id);
  }
  return SendResult::Taken;
}

void StreamServer::flush() {
  for (const ConnectionId id : to_flush_) {
    const auto found = connections_.find(id);
    if (found == connections_.end()) continue;
    found->second->flush_queued = false;
    if (!found->second->ended) write_to(*found->second);
  }
  to_flush_.clear();
}

void StreamServer::close(ConnectionId id) {
  const auto found = connections_.find(id);
  if (found != connections_.end()) finish(*found->second, CloseReason::ByHandler);
}

std::optional<MonoTime> StreamServer::next_deadline() const {
  const auto next = deadlines_.next();
  if (!accept_again_at_) return next;
  return std::min(next.value_or(MonoTime::max()), *accept_again_at_);
}

void StreamServer::on_deadline(MonoTime now) {
  while (const auto id = deadlines_.pop_due(now)) {
    const auto found = connections_.find(*id);
    if (found == connections_.end()) continue;
    Connection& connection = *found->second;
    const bool may_stay = connection.announced && !connection.ended;
    const auto longer = may_stay ? handler_.on_idle(*id, now) : std::nullopt;
    if (longer) {
      keep_until(connection, longer);
    } else {
      finish(connection, connection.ended.value_or(CloseReason::Deadline));
    }
  }
  closed_.clear();
  if (!accept_again_at_ || *accept_again_at_ > now) return;
  accept_again_at_.reset();
  if (!watch_listeners(EPOLLIN)) accept_again_at_ = now + kAcceptPause;
}

bool StreamServer::watch_listeners(std::uint32_t events) {
  bool all = true;
  for (const auto& each : listeners_) all = !io_.change(each->fd(), events, *each) && all;
  return all;
}

void StreamServer::accept_from(Listener& listener) {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    SockAddr client;
    socklen_t size = SockAddr::kCapacity;
    UniqueFd fd{::accept4(listener.fd(), client.get(), &size, SOCK_NONBLOCK | SOCK_CLOEXEC)};
    if (!fd && is_out_of_descriptors(errno)) {
      ++counters_.refused;
      accept_again_at_ = MonoTime::clock::now() + kAcceptPause;
      static_cast<void>(watch_listeners(0));  // at worst it stays loud
      return;
    }
    if (!fd && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (!fd) continue;  // accept(2): errors of a connection that is gone already
    const auto address = client.address();
    if (!address || connections_.size() >= limits_.connections) {
      ++counters_.refused;
      continue;
    }
    add(std::move(fd), *address, listener);
  }
}

void StreamServer::add(UniqueFd fd, const SocketAddress& client, const Listener& listener) {
  const int raw_fd = fd.get();
  const auto local = local_address_of(raw_fd);
  if (!local) return;
  const int on = 1;
  ::setsockopt(raw_fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const ConnectionId id{++last_id_};
  auto owned = std::make_unique<Connection>(*this, id, ConnectionInfo{client, *local},
                                            std::make_unique<TcpStream>(std::move(fd)));
  Connection& connection = *owned;
  if (listener.rules) {
    const auto& [security, proxies, timeout] = *listener.rules;
    connection.opening.emplace(tls_ ? security : StreamSecurity::None, proxies, connection.info);
  }
  // A proxy's share is that of the clients it names.
  const bool counts_now = !connection.opening || !connection.opening->expects_proxy_header();
  if (counts_now && !count_network(connection)) {
    ++counters_.refused_network;
    return;
  }
  if (io_.watch(raw_fd, EPOLLIN, connection)) {
    if (connection.counted) networks_.give_back(*connection.counted);
    ++counters_.refused;
    return;
  }
  connections_.emplace(id, std::move(owned));
  ++counters_.accepted;
  ++counters_.open;
  if (connection.opening) {
    deadlines_.set(id, MonoTime::clock::now() + listener.rules->timeout);
  } else {
    announce(connection);
  }
}

void StreamServer::on_ready(Connection& connection, std::uint32_t events) {
  const bool reads = (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 ||
                     ((events & EPOLLOUT) != 0 && connection.stream->reads_need_room());
  if (reads && !connection.read_closed) read_from(connection);
  const bool writes = (events & EPOLLOUT) != 0 || connection.flush_queued;
  if (writes && !connection.ended) write_to(connection);
  const bool only_waited_for_writes = connection.read_closed && connection.unsent_bytes() == 0;
  if (!connection.ended && only_waited_for_writes) connection.ended = CloseReason::PeerClosed;
  if (connection.ended) {
    finish(connection, *connection.ended);
  } else {
    watch_for(connection);
  }
}

void StreamServer::read_from(Connection& connection) {
  const auto size = connection.stream->read(buffer_);
  const ByteView bytes = ByteView{buffer_}.first(size.value_or(0));
  counters_.received_bytes += bytes.size();
  if (connection.opening && size) {
    go_on_opening(connection, bytes);
    return;
  }
  const bool is_open = !connection.opening && connection.stream->is_established();
  if (is_open && !connection.announced) {
    ++counters_.handshakes;
    announce(connection);
    if (connection.ended) return;
  }
  if (size) {
    hand_over(connection, bytes);
  } else if (size.error() == StreamError::EndOfStream) {
    // The peer may still read: what it asked for is sent before the end.
    connection.read_closed = true;
    write_to(connection);
  } else if (size.error() == StreamError::Failed) {
    connection.ended = CloseReason::Failed;
  }
}

void StreamServer::announce(Connection& connection) {
  connection.announced = true;
  const MonoTime now = MonoTime::clock::now();
  keep_until(connection, handler_.on_open(connection.id, connection.info, now));
}

void StreamServer::hand_over(Connection& connection, ByteView bytes) {
  const MonoTime now = MonoTime::clock::now();
  keep_until(connection, handler_.on_bytes(connection.id, bytes, now));
}

void StreamServer::write_to(Connection& connection) {
  while (connection.unsent_bytes() > 0) {
    const auto size =
        connection.stream->write(ByteView{connection.unsent}.subspan(connection.sent));
    if (!size) {
      if (size.error() != StreamError::WouldBlock) {
        fail(connection);
        return;
      }
      break;
    }
    connection.sent += *size;
    counters_.sent_bytes += *size;
  }
  if (connection.unsent_bytes() == 0) {
    connection.unsent.clear();
    if (connection.unsent.capacity() > kIdleQueueBytes) connection.unsent = {};
    connection.sent = 0;
  } else if (connection.sent > connection.unsent.size() / 2) {
    connection.unsent.erase(
        connection.unsent.begin(),
        connection.unsent.begin() + static_cast<std::ptrdiff_t>(connection.sent));
    connection.sent = 0;
  }
  watch_for(connection);
}

void StreamServer::watch_for(Connection& connection) {
  const bool needs_room = connection.unsent_bytes() > 0 || connection.stream->reads_need_room();
  const std::uint32_t wanted = (connection.read_closed ? 0U : std::uint32_t{EPOLLIN}) |
                               (needs_room ? std::uint32_t{EPOLLOUT} : 0U);
  if (wanted == connection.watched) return;
  connection.watched = wanted;
  if (io_.change(connection.stream->fd(), wanted, connection)) fail(connection);
}

// Outside of the connection's own on_ready(), on_deadline() comes by soon.
void StreamServer::fail(Connection& connection) {
  connection.ended = CloseReason::Failed;
  deadlines_.set(connection.id, MonoTime{});
}

void StreamServer::keep_until(Connection& connection, std::optional<MonoTime> deadline) {
  if (!connections_.contains(connection.id) || connection.ended) return;  // the handler closed it
  if (deadline) {
    deadlines_.set(connection.id, *deadline);
  } else {
    finish(connection, CloseReason::ByHandler);
  }
}

void StreamServer::finish(Connection& connection, CloseReason reason) {
  const auto found = connections_.find(connection.id);
  if (found == connections_.end()) return;
  io_.unwatch(connection.stream->fd(), connection);
  connection.ended = reason;
  deadlines_.erase(connection.id);
  closed_.push_back(std::move(found->second));
  connections_.erase(found);
  if (connection.counted) networks_.give_back(*connection.counted);
  --counters_.open;
  if (connection.announced) {
    handler_.on_closed(connection.id, reason);
  } else {
    fail_opening(connection, reason);
  }
}

}  // namespace icebreaker::net
