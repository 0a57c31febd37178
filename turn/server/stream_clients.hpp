// TCP and TLS clients: cuts their streams into messages, bounds what each can make us keep, and
// ends the ones that nobody needs.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <vector>

#include "common/base/address.hpp"
#include "common/base/counter_per.hpp"
#include "common/net/epoll_io.hpp"
#include "common/net/stream_server.hpp"
#include "common/service/common_config.hpp"
#include "common/service/log.hpp"
#include "common/stun/stream_framer.hpp"
#include "turn/server/client_links.hpp"
#include "turn/server/config.hpp"

namespace icebreaker::turn {

// Why a connection ended; metric labels.
enum class StreamEnd : std::uint8_t {
  ByClient,
  Failed,
  Idle,        // without allocation for too long
  Unfinished,  // a message that did not come to its end
  NotTurn,     // another protocol, or out of step
  TooLong,     // a message longer than is wanted
  NotReading,  // not even its control messages
  Count,
};

std::string_view name_of(StreamEnd end);

struct StreamClientCounters {
  CounterPer<StreamEnd> ends;
};

class StreamClients final : public ClientLinks, private net::StreamHandler {
 public:
  // The limits of connections are this object's alone. `io` outlives it.
  StreamClients(net::EpollIo& io, const StreamClientLimits& limits, service::Log& log);

  // Tcp or Tls; the first recognises the second by its first byte once there is a certificate.
  // Returns the address as bound.
  std::expected<SocketAddress, std::error_code> listen(const service::Listener& listener);

  void attach(LinkReceiver& receiver) override { receiver_ = &receiver; }

  void set_identity(const net::TlsIdentity& identity) override;
  LinkSend send(const FiveTuple& to, const LinkMessage& message, Importance importance) override;
  void flush(Now now) override;
  [[nodiscard]] std::optional<MonoTime> next_deadline() const override;
  void on_deadline(Now now) override;

  [[nodiscard]] const StreamClientCounters& counters() const { return counters_; }

  [[nodiscard]] const net::StreamCounters& streams() const { return streams_.counters(); }

 private:
  // What a stranger can make us keep: no request of ours is longer, and answers are as short.
  static constexpr std::size_t kStrangerFrameBytes = 4096;
  static constexpr std::size_t kStrangerUnsentBytes = std::size_t{16} << 10U;
  // Beyond the queue for data, so that data never stands in the way of control.
  static constexpr std::size_t kControlReserveBytes = std::size_t{64} << 10U;

  struct Client {
    FiveTuple from;
    stun::StreamFramer framer{kStrangerFrameBytes};
    bool has_allocation = false;  // as of its last control message
    bool has_spoken = false;
    std::optional<MonoTime> message_deadline;  // of the message that is half here
    StreamEnd end = StreamEnd::Idle;           // why we closed it, if we did
  };

  std::optional<MonoTime> on_open(net::ConnectionId id, const net::ConnectionInfo& info,
                                  MonoTime now) override;
  std::optional<MonoTime> on_bytes(net::ConnectionId id, ByteView bytes, MonoTime now) override;
  std::optional<MonoTime> on_idle(net::ConnectionId id, MonoTime now) override;
  void on_closed(net::ConnectionId id, net::CloseReason reason) override;
  void on_opening_failed(const SocketAddress& client, net::OpeningFailure failure,
                         std::string_view why) override;

  void on_frame(Client& client, const stun::Frame& frame, Now now);
  void update_standing(Client& client, MonoTime now);
  [[nodiscard]] MonoTime deadline_of(Client& client, bool finished_one, MonoTime now) const;

  StreamClientLimits limits_;
  service::Logger log_;
  LinkReceiver* receiver_ = nullptr;
  std::unordered_map<net::ConnectionId, Client> clients_;
  std::vector<net::ConnectionId> too_slow_;  // to be closed once nobody up the stack uses them
  StreamClientCounters counters_;
  net::StreamServer streams_;
};

}  // namespace icebreaker::turn
