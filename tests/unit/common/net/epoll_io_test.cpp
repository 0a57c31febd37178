#include "common/net/epoll_io.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <thread>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "common/net/local_addresses.hpp"
#include "common/net/open_socket.hpp"

namespace icebreaker::net {
namespace {

using namespace std::chrono_literals;

MonoTime soon() {
  return MonoTime::clock::now() + 10s;
}

SocketAddress loopback(Family family = Family::V4) {
  return {IpAddress::loopback(family), 0};
}

struct Received {
  SocketId socket;
  SocketAddress from;
  SocketAddress to;
  std::string bytes;
};

// Waits until `count` datagrams have arrived; fewer after the bound of 10 s.
std::vector<Received> receive(EpollIo& io, std::size_t count) {
  const MonoTime until = soon();
  std::vector<Received> result;
  while (result.size() < count && MonoTime::clock::now() < until) {
    for (const Datagram& each : io.receive(until)) {
      result.push_back({each.socket, each.from, each.to, std::string{text_of(each.bytes)}});
    }
  }
  return result;
}

class EpollIoTest : public testing::Test {
 protected:
  OpenedSocket open(EpollIo& io, const SocketAddress& local = loopback()) {
    const auto opened = io.open(local, PortSharing::Exclusive);
    EXPECT_TRUE(opened.has_value()) << opened.error().message();
    return *opened;
  }

  void send(EpollIo& io, SocketId via, const SocketAddress& to, std::string_view bytes) {
    io.send({via, {}, to, {}, bytes_of(bytes)});
    io.flush();
  }

  std::unique_ptr<EpollIo> server_ = *EpollIo::create({});
  std::unique_ptr<EpollIo> client_ = *EpollIo::create({});
};

TEST_F(EpollIoTest, CarriesHeaderAndPayloadAsOneDatagram) {
  const auto server = open(*server_);
  const auto client = open(*client_);

  client_->send({client.id, {}, server.local, bytes_of("header "), bytes_of("payload")});
  client_->flush();

  const auto arrived = receive(*server_, 1);
  ASSERT_EQ(arrived.size(), 1U);
  EXPECT_EQ(arrived[0].bytes, "header payload");
  EXPECT_EQ(arrived[0].socket, server.id);
  EXPECT_EQ(arrived[0].from, client.local);
  EXPECT_EQ(arrived[0].to, server.local);
  EXPECT_EQ(client_->counters().sent_packets, 1U);
  EXPECT_EQ(client_->counters().sent_bytes, 14U);
  EXPECT_EQ(server_->counters().received_bytes, 14U);
}

TEST_F(EpollIoTest, CarriesEmptyAndLargestDatagramsWhole) {
  const auto server = open(*server_);
  const auto client = open(*client_);
  const std::string largest(65507, 'x');

  send(*client_, client.id, server.local, "");
  send(*client_, client.id, server.local, largest);

  const auto arrived = receive(*server_, 2);
  ASSERT_EQ(arrived.size(), 2U);
  EXPECT_EQ(arrived[0].bytes, "");
  EXPECT_EQ(arrived[1].bytes, largest);
  EXPECT_EQ(server_->counters().receive_drops, 0U);
}

TEST_F(EpollIoTest, TellsOnWildcardSocketsWhichAddressWasAskedAndAnswersFromIt) {
  for (const std::string_view asked : {"127.0.0.2", "::1"}) {
    const IpAddress ip = IpAddress::parse(asked).value();
    const auto server = open(*server_, {IpAddress::any(ip.family()), 0});
    const auto client = open(*client_, loopback(ip.family()));
    const SocketAddress address{ip, server.local.port};

    send(*client_, client.id, address, "ping");
    const auto ping = receive(*server_, 1);
    ASSERT_EQ(ping.size(), 1U);
    EXPECT_EQ(ping[0].to, address);
    server_->send({server.id, ping[0].to.ip, ping[0].from, {}, bytes_of("pong")});
    server_->flush();

    const auto pong = receive(*client_, 1);
    ASSERT_EQ(pong.size(), 1U);
    EXPECT_EQ(pong[0].from, address);
  }
}

TEST_F(EpollIoTest, OpensBothFamiliesOnOnePort) {
  const auto v4 = open(*server_, {IpAddress::any(Family::V4), 0});

  EXPECT_TRUE(server_->open({IpAddress::any(Family::V6), v4.local.port}, PortSharing::Exclusive)
                  .has_value());
}

TEST_F(EpollIoTest, KeepsTheOrderWithinASocketAcrossManyBatches) {
  constexpr std::size_t kCount = 300;
  const auto server = open(*server_);
  const auto first = open(*client_);
  const auto second = open(*client_);
  std::vector<std::string> payloads;
  for (std::size_t i = 0; i < kCount; ++i) payloads.push_back(std::to_string(i));

  for (std::size_t i = 0; i < kCount; ++i) {
    client_->send({i % 2 == 0 ? first.id : second.id, {}, server.local, {}, bytes_of(payloads[i])});
  }
  client_->flush();

  std::map<SocketAddress, std::vector<int>> by_sender;
  for (const Received& each : receive(*server_, kCount)) {
    by_sender[each.from].push_back(std::stoi(each.bytes));
  }
  EXPECT_EQ(by_sender[first.local].size(), kCount / 2);
  EXPECT_EQ(by_sender[second.local].size(), kCount / 2);
  EXPECT_TRUE(std::ranges::is_sorted(by_sender[first.local]));
  EXPECT_TRUE(std::ranges::is_sorted(by_sender[second.local]));
  EXPECT_LT(client_->counters().send_batches, kCount / 10);
}

TEST_F(EpollIoTest, ServesEverySocketWhileOneIsFlooded) {
  const auto flooded = open(*server_);
  const auto quiet = open(*server_);
  const auto client = open(*client_);
  for (int i = 0; i < 200; ++i) send(*client_, client.id, flooded.local, "flood");
  send(*client_, client.id, quiet.local, "quiet");

  // Loopback delivers before sendmmsg returns, so all of it waits by now.
  std::size_t batches = 0;
  bool heard = false;
  while (!heard && batches < 4) {
    for (const Datagram& each : server_->receive(soon())) heard = heard || each.socket == quiet.id;
    ++batches;
  }

  EXPECT_TRUE(heard);
  EXPECT_LE(batches, 2U);
}

TEST_F(EpollIoTest, LosesNothingAmongManySocketsThatAreReadyAtOnce) {
  constexpr std::size_t kSockets = 150;
  const auto client = open(*client_);
  for (std::size_t i = 0; i < kSockets; ++i) {
    send(*client_, client.id, open(*server_).local, std::to_string(i));
  }

  std::map<std::string, int> seen;
  for (const Received& each : receive(*server_, kSockets)) ++seen[each.bytes];

  EXPECT_EQ(seen.size(), kSockets);
}

TEST_F(EpollIoTest, ReturnsAtTheDeadlineWhenNothingArrives) {
  open(*server_);
  const MonoTime until = MonoTime::clock::now() + 20ms;

  const auto nothing = server_->receive(until);

  EXPECT_TRUE(nothing.empty());
  EXPECT_GE(MonoTime::clock::now(), until);
}

TEST_F(EpollIoTest, WakesFromAnotherThread) {
  const MonoTime until = soon();
  std::thread waker{[this] { server_->wake(); }};

  EXPECT_TRUE(server_->receive(until).empty());

  EXPECT_LT(MonoTime::clock::now(), until);
  waker.join();
}

TEST_F(EpollIoTest, GoesOnAfterAPeerThatRefuses) {
  const auto server = open(*server_);
  const auto client = open(*client_);
  const auto gone = open(*server_);
  server_->close(gone.id);

  send(*client_, client.id, gone.local, "refused by ICMP");
  send(*client_, client.id, server.local, "heard");

  const auto arrived = receive(*server_, 1);
  ASSERT_EQ(arrived.size(), 1U);
  EXPECT_EQ(arrived[0].bytes, "heard");
}

TEST_F(EpollIoTest, CountsWhatTheKernelRefusesAndSendsTheRest) {
  const auto server = open(*server_);
  const auto client = open(*client_);
  const std::string too_long(65508, 'x');

  client_->send({client.id, {}, server.local, {}, bytes_of("one")});
  client_->send({client.id, {}, server.local, {}, bytes_of(too_long)});
  client_->send({client.id, {}, loopback(Family::V6), {}, bytes_of("wrong family")});
  client_->send({client.id, {}, server.local, {}, bytes_of("two")});
  client_->flush();

  const auto arrived = receive(*server_, 2);
  ASSERT_EQ(arrived.size(), 2U);
  EXPECT_EQ(arrived[1].bytes, "two");
  EXPECT_EQ(client_->counters().send_failures, 2U);
  EXPECT_EQ(client_->counters().sent_packets, 2U);
}

TEST_F(EpollIoTest, ForgetsAClosedSocketAndGivesItsIdToNoOther) {
  const auto server = open(*server_);
  const auto client = open(*client_);

  server_->close(server.id);
  const auto next = open(*server_);

  EXPECT_NE(next.id, server.id);
  server_->send({server.id, {}, client.local, {}, bytes_of("from the grave")});
  server_->flush();
  EXPECT_EQ(server_->counters().send_failures, 1U);
  EXPECT_EQ(server_->receive_buffer_bytes(server.id), 0U);
  EXPECT_GT(server_->receive_buffer_bytes(next.id), 0U);
}

TEST_F(EpollIoTest, SendsWhatWasQueuedBeforeASocketCloses) {
  const auto server = open(*server_);
  const auto client = open(*client_);

  client_->send({client.id, {}, server.local, {}, bytes_of("last words")});
  client_->close(client.id);

  EXPECT_EQ(receive(*server_, 1).size(), 1U);
}

TEST_F(EpollIoTest, RefusesAnAddressInUse) {
  const auto server = open(*server_);

  EXPECT_EQ(client_->open(server.local, PortSharing::Exclusive).error(), std::errc::address_in_use);
  EXPECT_EQ(check_address_is_free(Transport::Udp, server.local), std::errc::address_in_use);
  EXPECT_FALSE(check_address_is_free(Transport::Tcp, server.local));
}

TEST_F(EpollIoTest, SharesAPortAmongWorkersButTellsWhenItIsTaken) {
  const auto first = server_->open(loopback(), PortSharing::ReusePort);
  const auto second = client_->open(first->local, PortSharing::ReusePort);

  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->local, first->local);
  EXPECT_EQ(check_address_is_free(Transport::Udp, first->local), std::errc::address_in_use);
}

class CountingHandler final : public PollHandler {
 public:
  void on_ready(std::uint32_t events) override {
    EXPECT_NE(events & EPOLLIN, 0U);
    ++calls;
  }

  int calls = 0;
};

TEST_F(EpollIoTest, CallsHandlersOfOtherDescriptorsWhileTheyAreWatched) {
  const UniqueFd event{::eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC)};
  CountingHandler handler;
  EXPECT_FALSE(server_->watch(event.get(), EPOLLIN, handler));

  EXPECT_TRUE(server_->receive(soon()).empty());
  EXPECT_EQ(handler.calls, 1);

  server_->unwatch(event.get(), handler);
  EXPECT_TRUE(server_->receive(MonoTime{}).empty());
  EXPECT_EQ(handler.calls, 1);
}

class RemovesTheOther final : public PollHandler {
 public:
  void on_ready(std::uint32_t /*events*/) override {
    ++calls;
    io->unwatch(other_fd, *other);
  }

  EpollIo* io = nullptr;
  PollHandler* other = nullptr;
  int other_fd = -1;
  int calls = 0;
};

TEST_F(EpollIoTest, DoesNotCallAHandlerThatAnotherOneRemovedInTheSameBatch) {
  const UniqueFd first_fd{::eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC)};
  const UniqueFd second_fd{::eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC)};
  RemovesTheOther first;
  RemovesTheOther second;
  first.io = second.io = server_.get();
  first.other = &second;
  first.other_fd = second_fd.get();
  second.other = &first;
  second.other_fd = first_fd.get();
  EXPECT_FALSE(server_->watch(first_fd.get(), EPOLLIN, first));
  EXPECT_FALSE(server_->watch(second_fd.get(), EPOLLIN, second));

  EXPECT_TRUE(server_->receive(soon()).empty());

  EXPECT_EQ(first.calls + second.calls, 1);
}

TEST(LocalAddresses, HoldLoopbackAndNothingTwice) {
  const auto addresses = local_addresses();

  ASSERT_TRUE(addresses.has_value());
  EXPECT_EQ(std::ranges::count(*addresses, IpAddress::loopback(Family::V4)), 1);
}

}  // namespace
}  // namespace icebreaker::net
