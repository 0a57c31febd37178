#include "tests/support/memory_net.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace icebreaker::net {
namespace {

constexpr std::size_t kBatch = 64;
constexpr std::uint16_t kFirstDynamicPort = 49152;

bool overlap(const SocketAddress& a, const SocketAddress& b) {
  return a.port == b.port && a.ip.family() == b.ip.family() &&
         (a.ip == b.ip || a.ip.is_any() || b.ip.is_any());
}

}  // namespace

std::unique_ptr<MemoryIo> MemoryNet::add_host(std::vector<IpAddress> addresses) {
  return std::make_unique<MemoryIo>(*this, std::move(addresses));
}

void MemoryNet::deliver(const SocketAddress& from, const SocketAddress& to,
                        const std::string& bytes, std::uint8_t traffic_class) {
  for (MemoryIo* host : hosts_) {
    if (const auto socket = host->socket_for(to)) {
      host->inbox_.push_back({*socket, from, to, bytes, traffic_class});
      return;
    }
  }
  ++lost_;
}

MemoryIo::MemoryIo(MemoryNet& net, std::vector<IpAddress> addresses)
    : net_{net}, addresses_{std::move(addresses)} {
  net_.hosts_.push_back(this);
}

MemoryIo::~MemoryIo() {
  std::erase(net_.hosts_, this);
}

std::expected<OpenedSocket, std::error_code> MemoryIo::open(const SocketAddress& local,
                                                            PortSharing sharing) {
  if (failing_opens_ > 0) {
    --failing_opens_;
    return std::unexpected(open_error_);
  }
  if (!local.ip.is_any() && !owns(local.ip)) {
    return std::unexpected(std::error_code{EADDRNOTAVAIL, std::system_category()});
  }
  SocketAddress bound = local;
  if (local.port == 0) {
    bound.port = kFirstDynamicPort;
    while (!can_bind(bound, PortSharing::Exclusive)) ++bound.port;
  } else if (!can_bind(bound, sharing)) {
    return std::unexpected(std::error_code{EADDRINUSE, std::system_category()});
  }
  const SocketId id{++last_id_};
  sockets_.emplace(id.value, Socket{bound, sharing});
  return OpenedSocket{id, bound};
}

void MemoryIo::close(SocketId socket) {
  flush();
  sockets_.erase(socket.value);
  std::erase_if(inbox_, [socket](const Arrival& each) { return each.socket == socket; });
}

std::span<const Datagram> MemoryIo::receive(std::optional<MonoTime> until) {
  last_until_ = until;
  batch_.clear();
  views_.clear();
  path_errors_ = std::exchange(coming_errors_, {});
  while (!inbox_.empty() && batch_.size() < kBatch) {
    batch_.push_back(std::move(inbox_.front()));
    inbox_.pop_front();
  }
  for (const Arrival& each : batch_) {
    views_.push_back({each.socket, each.from, each.to, bytes_of(each.bytes), each.traffic_class});
    ++counters_.received_packets;
    counters_.received_bytes += each.bytes.size();
  }
  if (!views_.empty()) ++counters_.receive_batches;
  return views_;
}

void MemoryIo::send(const Outgoing& datagram) {
  queue_.push_back({datagram.via, datagram.source, datagram.to,
                    std::string{text_of(datagram.header)}.append(text_of(datagram.payload)),
                    datagram.traffic_class, datagram.dont_fragment});
}

void MemoryIo::flush() {
  if (queue_.empty()) return;
  ++counters_.send_batches;
  for (const Queued& each : std::exchange(queue_, {})) {
    const auto from = source_of(each);
    if (!from) {
      ++counters_.send_failures;
      continue;
    }
    ++counters_.sent_packets;
    counters_.sent_bytes += each.bytes.size();
    if (each.dont_fragment) ++sent_whole_;
    net_.deliver(*from, each.to, each.bytes, each.traffic_class);
  }
}

void MemoryIo::fail_opens(std::error_code error, std::size_t times) {
  open_error_ = error;
  failing_opens_ = times;
}

bool MemoryIo::owns(const IpAddress& ip) const {
  return std::ranges::find(addresses_, ip) != addresses_.end();
}

bool MemoryIo::can_bind(const SocketAddress& local, PortSharing sharing) const {
  return std::ranges::none_of(sockets_, [&](const auto& entry) {
    const Socket& other = entry.second;
    const bool shared =
        sharing == PortSharing::ReusePort && other.sharing == PortSharing::ReusePort;
    return overlap(other.local, local) && !shared;
  });
}

std::optional<SocketId> MemoryIo::socket_for(const SocketAddress& to) const {
  if (!owns(to.ip)) return std::nullopt;
  for (const auto& [id, socket] : sockets_) {
    if (overlap(socket.local, to)) return SocketId{id};
  }
  return std::nullopt;
}

// Nothing when the kernel would refuse the datagram.
std::optional<SocketAddress> MemoryIo::source_of(const Queued& datagram) const {
  const auto found = sockets_.find(datagram.via.value);
  if (found == sockets_.end()) return std::nullopt;
  const SocketAddress& local = found->second.local;
  if (local.ip.family() != datagram.to.ip.family()) return std::nullopt;
  const IpAddress wanted = datagram.source.value_or(local.ip);
  if (!wanted.is_any()) {
    return owns(wanted) ? std::optional{SocketAddress{wanted, local.port}} : std::nullopt;
  }
  const auto first = std::ranges::find(addresses_, local.ip.family(), &IpAddress::family);
  if (first == addresses_.end()) return std::nullopt;
  return SocketAddress{*first, local.port};
}

}  // namespace icebreaker::net
