#include "turn/server/worker.hpp"

#include <deque>
#include <functional>

#include <gtest/gtest.h>

#include "common/crypto/system_random.hpp"
#include "tests/support/memory_net.hpp"
#include "tests/support/turn_client.hpp"

namespace icebreaker::turn::test {
namespace {

// Does one step of a test before each receive(), and `finish` when none is left.
class SteppedIo final : public net::DatagramIo {
 public:
  explicit SteppedIo(net::MemoryIo& io) : io_{io} {}

  void then(std::function<void()> step) { steps_.push_back(std::move(step)); }

  void finally(std::function<void()> finish) { finish_ = std::move(finish); }

  std::expected<net::OpenedSocket, std::error_code> open(const SocketAddress& local,
                                                         net::PortSharing sharing) override {
    return io_.open(local, sharing);
  }

  void close(net::SocketId socket) override { io_.close(socket); }

  std::span<const net::Datagram> receive(std::optional<MonoTime> until) override {
    if (steps_.empty()) {
      finish_();
    } else {
      steps_.front()();
      steps_.pop_front();
    }
    return io_.receive(until);
  }

  void send(const net::Outgoing& datagram) override { io_.send(datagram); }

  void flush() override { io_.flush(); }

  [[nodiscard]] std::span<const net::PathError> path_errors() const override {
    return io_.path_errors();
  }

  void wake() override { io_.wake(); }

  [[nodiscard]] const net::IoCounters& counters() const override { return io_.counters(); }

 private:
  net::MemoryIo& io_;
  std::deque<std::function<void()>> steps_;
  std::function<void()> finish_;
};

// Records what would be sent to clients that are not plain UDP.
class RecordingLinks final : public ClientLinks {
 public:
  void attach(LinkReceiver& attached) override { receiver = &attached; }

  void set_identity(const net::TlsIdentity& /*identity*/) override {}

  LinkSend send(const FiveTuple& to, const LinkMessage& message, Importance importance) override {
    Bytes bytes = copy_of(message.header);
    bytes.insert(bytes.end(), message.payload.begin(), message.payload.end());
    bytes.resize(bytes.size() + message.zeros);
    sent.push_back({to, bytes, importance});
    return result;
  }

  void flush(Now /*now*/) override {}

  [[nodiscard]] std::optional<MonoTime> next_deadline() const override { return deadline; }

  void on_deadline(Now /*now*/) override {}

  struct Sent {
    FiveTuple to;
    Bytes bytes;
    Importance importance;
  };

  LinkReceiver* receiver = nullptr;
  std::vector<Sent> sent;
  LinkSend result = LinkSend::Taken;
  std::optional<MonoTime> deadline;
};

class WorkerTest : public testing::Test {
 protected:
  WorkerTest() {
    const auto listener = io_.open(address("192.0.2.1:3478"), net::PortSharing::ReusePort).value();
    const RelayInterface relay{address("192.0.2.1:0").ip, address("192.0.2.1:0").ip};
    const PeerPolicy policy{{.allow = {Cidr::parse("198.51.100.0/24").value()}}};
    worker_.emplace(WorkerParts{.io = io_,
                                .listeners = {{listener.id}},
                                .streams = streams_,
                                .dtls = dtls_,
                                .fast_path = fast_path_,
                                .random = random_,
                                .quota = quota_,
                                .reservations = reservations_,
                                .counters = counters_,
                                .log = log_},
                    RelayConfig{.interfaces = {relay}},
                    WorkerRules{{Authenticator::anonymous("example.org"), policy}, {}});
    io_.finally([this] { worker_->stop(); });
  }

  void send_from_client(const Bytes& bytes) {
    client_io_->send({client_socket_, {}, address("192.0.2.1:3478"), {}, bytes});
    client_io_->flush();
  }

  void send_from_peer(const SocketAddress& to, ByteView bytes) {
    peer_io_->send({peer_socket_, {}, to, {}, bytes});
    peer_io_->flush();
  }

  // XOR-RELAYED-ADDRESS of the one reply that has come.
  SocketAddress relayed_address() {
    const auto replies = client_io_->receive({});
    return stun::MessageView::parse(replies[0].bytes)->get<stun::XorRelayedAddress>()->value;
  }

  net::MemoryNet net_;
  std::unique_ptr<net::MemoryIo> server_io_ = net_.add_host({address("192.0.2.1:0").ip});
  std::unique_ptr<net::MemoryIo> client_io_ = net_.add_host({address("198.51.100.1:0").ip});
  std::unique_ptr<net::MemoryIo> peer_io_ = net_.add_host({address("198.51.100.2:0").ip});
  net::SocketId client_socket_ =
      client_io_->open(address("198.51.100.1:5000"), net::PortSharing::Exclusive)->id;
  net::SocketId peer_socket_ =
      peer_io_->open(address("198.51.100.2:6000"), net::PortSharing::Exclusive)->id;
  SteppedIo io_{*server_io_};
  RecordingLinks streams_;
  DtlsLinks dtls_{io_, {}};
  NoFastPath fast_path_;
  crypto::SystemRandom random_;
  QuotaLedger quota_{{}};
  ReservationLedger reservations_;
  WorkerCounters counters_;
  service::Log log_{service::LogLevel::Error, service::LogFormat::Text};
  TurnClient client_{"198.51.100.1:5000", "", ""};
  const Bytes send_whole_ = [] {
    std::array<std::byte, 128> buffer{};
    stun::MessageBuilder builder{buffer, stun::MessageClass::Indication, stun::Method::Send, {}};
    builder.add<stun::XorPeerAddress>(peer("198.51.100.2:6000")).add<stun::Data>(bytes_of("x"));
    builder.add<stun::DontFragment>({});
    return copy_of(builder.finish());
  }();
  std::optional<Worker> worker_;
};

TEST_F(WorkerTest, TakesNoLateDatagramOfAPeerForAClients) {
  io_.then([this] { send_from_client(client_.allocate()); });
  io_.then([this] {
    const SocketAddress relayed = relayed_address();
    send_from_client(client_.refresh(std::chrono::seconds{0}));
    std::array<std::byte, 64> buffer{};
    const stun::MessageBuilder check{
        buffer, stun::MessageClass::Request, stun::Method::Binding, {}};
    send_from_peer(relayed, check.finish());
  });

  worker_->run();

  EXPECT_EQ(counters_.methods.at(0).handled, 0U);  // Binding
  EXPECT_EQ(counters_.peer_drops.of(Drop::NoAllocation), 1U);
  EXPECT_TRUE(peer_io_->receive({}).empty());
}

// RFC 8656 §14.
TEST_F(WorkerTest, KeepsDscpAndEcnInBothDirectionsAndForbidsFragmentsWhenAsked) {
  SocketAddress relayed;
  io_.then([this] { send_from_client(client_.allocate()); });
  io_.then([&] {
    relayed = relayed_address();
    send_from_client(client_.channel_bind(0x4000, peer("198.51.100.2:6000")));
  });
  io_.then([&] {
    client_io_->receive({});
    client_io_->send({.via = client_socket_,
                      .source = {},
                      .to = address("192.0.2.1:3478"),
                      .header = {},
                      .payload = send_whole_,
                      .traffic_class = 0xB9});
    client_io_->flush();
    peer_io_->send({.via = peer_socket_,
                    .source = {},
                    .to = relayed,
                    .header = {},
                    .payload = bytes_of("y"),
                    .traffic_class = 0x22});
    peer_io_->flush();
  });

  worker_->run();

  const auto at_peer = peer_io_->receive({});
  ASSERT_EQ(at_peer.size(), 1U);
  EXPECT_EQ(at_peer[0].traffic_class, 0xB9);
  EXPECT_EQ(server_io_->sent_whole(), 1U);
  const auto at_client = client_io_->receive({});
  ASSERT_EQ(at_client.size(), 1U);
  EXPECT_EQ(at_client[0].traffic_class, 0x22);
}

// RFC 8656 §11.5.
TEST_F(WorkerTest, TellsTheClientOfAnUnreachablePeer) {
  io_.then([this] { send_from_client(client_.allocate()); });
  io_.then([this] {
    relayed_address();
    send_from_client(client_.create_permission({peer("198.51.100.2:6000")}));
  });
  io_.then([this] {
    client_io_->receive({});
    const net::SocketId relay{2};  // the second socket that this host opened
    server_io_->report({relay, address("198.51.100.2:6000"), 3, 3, 0});
    server_io_->report({relay, address("198.51.100.3:6000"), 3, 3, 0});
  });

  worker_->run();

  const auto at_client = client_io_->receive({});
  ASSERT_EQ(at_client.size(), 1U);
  const auto indication = stun::MessageView::parse(at_client[0].bytes).value();
  EXPECT_EQ(indication.get<stun::XorPeerAddress>(), peer("198.51.100.2:6000"));
  EXPECT_EQ(indication.get<stun::Icmp>()->code, 3);
  EXPECT_EQ(counters_.peer_drops.of(Drop::NoPermission), 1U);
}

class StreamWorkerTest : public WorkerTest {
 protected:
  StreamWorkerTest() { client_.move_to(link_id(LinkKind::Stream, 9)); }

  void hand_over(const Bytes& message) {
    streams_.receiver->on_message({MonoTime::clock::now(), WallTime::clock::now()}, client_.tuple(),
                                  message);
  }

  void allocate_with_channel() {
    hand_over(client_.allocate());
    relayed_ =
        stun::MessageView::parse(streams_.sent.at(0).bytes)->get<stun::XorRelayedAddress>()->value;
    hand_over(client_.channel_bind(0x4000, peer("198.51.100.2:6000")));
    streams_.sent.clear();
  }

  SocketAddress relayed_;
};

TEST_F(StreamWorkerTest, RelaysBetweenAStreamAndAPeer) {
  io_.then([this] {
    allocate_with_channel();
    Bytes message = TurnClient::channel_data(0x4000, "to peer");
    hand_over(message);
    std::ranges::fill(message, std::byte{0});  // borrowed for the call only
  });
  io_.then([this] {
    const auto at_peer = peer_io_->receive({});
    ASSERT_EQ(at_peer.size(), 1U);
    EXPECT_EQ(text_of(at_peer[0].bytes), "to peer");
    send_from_peer(relayed_, bytes_of("hello"));
  });

  worker_->run();

  ASSERT_EQ(streams_.sent.size(), 1U);
  EXPECT_EQ(streams_.sent[0].to, client_.tuple());
  EXPECT_EQ(streams_.sent[0].bytes, TurnClient::channel_data(0x4000, "hello", 3));
  EXPECT_EQ(streams_.sent[0].importance, Importance::Data);
  EXPECT_EQ(counters_.to_clients.packets, 1U);
}

TEST_F(StreamWorkerTest, CountsWhatASlowStreamLoses) {
  io_.then([this] { allocate_with_channel(); });
  io_.then([this] {
    streams_.result = LinkSend::ClientTooSlow;
    send_from_peer(relayed_, bytes_of("hello"));
  });

  worker_->run();

  EXPECT_EQ(counters_.peer_drops.of(Drop::ClientTooSlow), 1U);
  EXPECT_EQ(counters_.to_clients.packets, 0U);
}

TEST_F(StreamWorkerTest, EndsTheAllocationOfALinkThatCloses) {
  io_.then([this] {
    allocate_with_channel();
    const Now now{MonoTime::clock::now(), WallTime::clock::now()};
    EXPECT_TRUE(streams_.receiver->has_allocation(client_.tuple(), now.mono));
    streams_.receiver->on_link_closed(now, client_.tuple());
    EXPECT_FALSE(streams_.receiver->has_allocation(client_.tuple(), now.mono));
  });

  worker_->run();

  EXPECT_EQ(server_io_->open_sockets(), 1U);  // the listener
  EXPECT_EQ(counters_.allocations_ended, 1U);
}

TEST_F(StreamWorkerTest, WaitsNoLongerThanTheStreamsWant) {
  streams_.deadline = MonoTime{} + std::chrono::seconds{5};

  worker_->run();

  EXPECT_EQ(server_io_->last_until(), streams_.deadline);
}

}  // namespace
}  // namespace icebreaker::turn::test
