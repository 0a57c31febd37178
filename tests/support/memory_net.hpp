// A network in memory for tests of workers: deterministic, in order, without time. Each host has a
// DatagramIo of its own, servers and their clients alike.
#pragma once

#include <cstddef>
#include <deque>
#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include "common/net/datagram_io.hpp"

namespace icebreaker::net {

class MemoryIo;

class MemoryNet {
 public:
  // A machine with these addresses; it must not outlive the network.
  std::unique_ptr<MemoryIo> add_host(std::vector<IpAddress> addresses);

  // Datagrams that no socket was bound to receive.
  [[nodiscard]] std::size_t lost() const { return lost_; }

 private:
  friend class MemoryIo;

  void deliver(const SocketAddress& from, const SocketAddress& to, const std::string& bytes,
               std::uint8_t traffic_class);

  std::vector<MemoryIo*> hosts_;
  std::size_t lost_ = 0;
};

class MemoryIo final : public DatagramIo {
 public:
  MemoryIo(MemoryNet& net, std::vector<IpAddress> addresses);
  MemoryIo(const MemoryIo&) = delete;
  MemoryIo& operator=(const MemoryIo&) = delete;
  MemoryIo(MemoryIo&&) = delete;
  MemoryIo& operator=(MemoryIo&&) = delete;
  ~MemoryIo() override;

  // Fails like the kernel: an address that is not the host's, a port in use. Port 0 becomes the
  // lowest free one from 49152.
  std::expected<OpenedSocket, std::error_code> open(const SocketAddress& local,
                                                    PortSharing sharing) override;
  void close(SocketId socket) override;
  // Never waits: returns what has arrived.
  std::span<const Datagram> receive(std::optional<MonoTime> until) override;
  void send(const Outgoing& datagram) override;
  void flush() override;

  void wake() override { ++wakes_; }

  [[nodiscard]] const IoCounters& counters() const override { return counters_; }

  // What the last receive() was asked to wait for.
  [[nodiscard]] std::optional<MonoTime> last_until() const { return last_until_; }

  // Datagrams sent that must not be fragmented.
  [[nodiscard]] std::size_t sent_whole() const { return sent_whole_; }

  [[nodiscard]] std::size_t wakes() const { return wakes_; }

  [[nodiscard]] std::size_t open_sockets() const { return sockets_.size(); }

  // The next receive() learns of it.
  void report(const PathError& error) { coming_errors_.push_back(error); }

  [[nodiscard]] std::span<const PathError> path_errors() const override { return path_errors_; }

  // The next `times` open() calls fail with this error.
  void fail_opens(std::error_code error, std::size_t times);

 private:
  friend class MemoryNet;

  struct Socket {
    SocketAddress local;
    PortSharing sharing{};
  };

  struct Arrival {
    SocketId socket;
    SocketAddress from;
    SocketAddress to;
    std::string bytes;
    std::uint8_t traffic_class = 0;
  };

  struct Queued {
    SocketId via;
    std::optional<IpAddress> source;
    SocketAddress to;
    std::string bytes;
    std::uint8_t traffic_class = 0;
    bool dont_fragment = false;
  };

  [[nodiscard]] bool owns(const IpAddress& ip) const;
  [[nodiscard]] bool can_bind(const SocketAddress& local, PortSharing sharing) const;
  [[nodiscard]] std::optional<SocketId> socket_for(const SocketAddress& to) const;
  [[nodiscard]] std::optional<SocketAddress> source_of(const Queued& datagram) const;

  MemoryNet& net_;
  std::vector<IpAddress> addresses_;
  std::map<std::uint32_t, Socket> sockets_;  // by id
  std::uint32_t last_id_ = 0;
  std::deque<Arrival> inbox_;
  std::vector<Arrival> batch_;  // what the last receive() returned views of
  std::vector<Datagram> views_;
  std::vector<Queued> queue_;
  std::vector<PathError> coming_errors_;
  std::vector<PathError> path_errors_;
  std::size_t sent_whole_ = 0;
  std::error_code open_error_;
  std::size_t failing_opens_ = 0;
  std::optional<MonoTime> last_until_;
  std::size_t wakes_ = 0;
  IoCounters counters_;
};

}  // namespace icebreaker::net
