// Datagrams of one flow that the kernel carries together, over the real loopback: whatever is put
// together comes apart as it was, with the kernel's help and without.
#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "common/net/epoll_io.hpp"
#include "common/net/sockaddr.hpp"
#include "tests/support/seeded_random.hpp"

namespace icebreaker::net {
namespace {

using namespace std::chrono_literals;

std::unique_ptr<EpollIo> io_with(Aggregates aggregates) {
  return *EpollIo::create({.aggregates = aggregates});
}

// Each datagram names its flow and number, and is of the size asked for.
std::string datagram(char flow, std::size_t number, std::size_t size) {
  std::string text = flow + std::to_string(number) + ';';
  while (text.size() < size) text.push_back(static_cast<char>('a' + text.size() % 26));
  text.resize(size);
  return text;
}

// Of this process.
int descriptor_of(const SocketAddress& bound) {
  for (int fd = 0; fd < 1024; ++fd) {
    if (local_address_of(fd) == bound) return fd;
  }
  return -1;
}

struct Setting {
  Aggregates sender;
  Aggregates receiver;
  Family family;
};

class AggregatesTest : public ::testing::TestWithParam<Setting> {
 protected:
  static OpenedSocket open(EpollIo& io, Family family = GetParam().family) {
    return io.open({IpAddress::loopback(family), 0}, PortSharing::Exclusive).value();
  }

  // What arrives at `io` by sender; waits for `count` in all, at most 10 s.
  static std::map<SocketAddress, std::vector<std::string>> receive(EpollIo& io, std::size_t count) {
    const MonoTime until = MonoTime::clock::now() + 10s;
    std::map<SocketAddress, std::vector<std::string>> arrived;
    for (std::size_t total = 0; total < count && MonoTime::clock::now() < until;) {
      for (const Datagram& each : io.receive(until)) {
        arrived[each.from].emplace_back(text_of(each.bytes));
        ++total;
      }
    }
    return arrived;
  }

  std::unique_ptr<EpollIo> sender_ = io_with(GetParam().sender);
  std::unique_ptr<EpollIo> receiver_ = io_with(GetParam().receiver);
};

TEST_P(AggregatesTest, ArriveAsTheyWereSentWhateverTheirSizes) {
  const auto to = open(*receiver_);
  const auto from = open(*sender_);
  std::vector<std::string> sent;
  for (const std::size_t size :
       {160U, 160U, 160U, 7U,   160U, 160U, 161U, 161U, 160U, 0U,   0U,    1U,    1U,    1U,
        1U,   2U,   1U,   999U, 999U, 999U, 998U, 999U, 0U,   160U, 1200U, 1200U, 1199U, 1200U}) {
    sent.push_back(datagram('x', sent.size(), size));
  }

  // A part of each as header: what is put together is not contiguous.
  for (const std::string& each : sent) {
    const std::size_t header = std::min<std::size_t>(each.size(), 4);
    sender_->send(
        {from.id, {}, to.local, bytes_of(each).first(header), bytes_of(each).subspan(header)});
  }
  sender_->flush();

  EXPECT_EQ(receive(*receiver_, sent.size())[from.local], sent);
  EXPECT_EQ(sender_->counters().sent_packets, sent.size());
  EXPECT_EQ(sender_->counters().sent_bytes, receiver_->counters().received_bytes);
  EXPECT_EQ(sender_->counters().send_failures, 0U);
}

TEST_P(AggregatesTest, KeepTheOrderOfInterleavedFlows) {
  constexpr std::size_t kDatagrams = 600;
  const auto to = std::to_array({open(*receiver_), open(*receiver_)});
  const auto from = std::to_array({open(*sender_), open(*sender_)});
  testing::SeededRandom random{7};
  std::map<std::pair<SocketId, SocketAddress>, std::vector<std::string>> sent;
  std::vector<std::string> storage(kDatagrams);  // borrowed by the queue

  for (std::size_t i = 0; i < kDatagrams; ++i) {
    const auto& via = from.at(random.below(2));
    const auto& target = to.at(random.below(2));
    storage[i] = datagram('x', i, random.below(4) == 0 ? 20 + random.below(40) : 100);
    sent[{via.id, target.local}].push_back(storage[i]);
    sender_->send({via.id, {}, target.local, {}, bytes_of(storage[i])});
  }
  sender_->flush();

  const MonoTime until = MonoTime::clock::now() + 10s;
  std::map<std::pair<SocketId, SocketAddress>, std::vector<std::string>> arrived;
  std::size_t total = 0;
  while (total < kDatagrams && MonoTime::clock::now() < until) {
    for (const Datagram& each : receiver_->receive(until)) {
      const SocketId via = each.from == from[0].local ? from[0].id : from[1].id;
      arrived[{via, each.to}].emplace_back(text_of(each.bytes));
      ++total;
    }
  }
  EXPECT_EQ(arrived, sent);
}

TEST_P(AggregatesTest, TakeNoMoreThanADatagramsLengthTogether) {
  constexpr std::size_t kDatagrams = 200;
  const auto to = open(*receiver_);
  const auto from = open(*sender_);
  std::vector<std::string> sent;
  for (std::size_t i = 0; i < kDatagrams; ++i) sent.push_back(datagram('x', i, 1200));

  for (const std::string& each : sent) sender_->send({from.id, {}, to.local, {}, bytes_of(each)});
  sender_->flush();

  EXPECT_EQ(receive(*receiver_, kDatagrams)[from.local], sent);
}

TEST_P(AggregatesTest, LeaveTheLargestDatagramsAlone) {
  // Loopback's path carries 65536 bytes with all headers.
  const std::size_t largest = GetParam().family == Family::V4 ? 65507 : 65487;
  const auto to = open(*receiver_);
  const auto from = open(*sender_);
  std::vector<std::string> sent;
  for (const std::size_t size : {largest, largest, std::size_t{10}, std::size_t{40'000}, largest}) {
    sent.push_back(datagram('x', sent.size(), size));
  }

  for (const std::string& each : sent) {
    sender_->send({from.id, {}, to.local, {}, bytes_of(each)});
    sender_->flush();
  }
  EXPECT_EQ(receive(*receiver_, sent.size())[from.local], sent);

  for (int i = 0; i < 2; ++i) sender_->send({from.id, {}, to.local, {}, bytes_of(sent[3])});
  sender_->flush();
  EXPECT_EQ(receive(*receiver_, 2)[from.local], (std::vector{sent[3], sent[3]}));
}

INSTANTIATE_TEST_SUITE_P(
    WithAndWithoutTheKernelsHelp, AggregatesTest,
    ::testing::Values(Setting{Aggregates::IfAvailable, Aggregates::IfAvailable, Family::V4},
                      Setting{Aggregates::IfAvailable, Aggregates::IfAvailable, Family::V6},
                      Setting{Aggregates::IfAvailable, Aggregates::Never, Family::V4},
                      Setting{Aggregates::Never, Aggregates::IfAvailable, Family::V4},
                      Setting{Aggregates::Never, Aggregates::Never, Family::V4}));

class TogetherTest : public AggregatesTest {};

TEST_P(TogetherTest, TakeOneCallAndArriveAsOne) {
  const auto to = open(*receiver_);
  const auto from = open(*sender_);
  const std::string each = datagram('x', 0, 160);

  for (int i = 0; i < 16; ++i) sender_->send({from.id, {}, to.local, {}, bytes_of(each)});
  sender_->flush();
  receive(*receiver_, 16);

  constexpr std::size_t kSixteen = 4;  // the bucket
  EXPECT_EQ(sender_->counters().send_batches, 1U);
  EXPECT_EQ(sender_->counters().sent_aggregates.in_bucket(kSixteen), 1U);
  EXPECT_EQ(receiver_->counters().received_aggregates.in_bucket(kSixteen), 1U);
  EXPECT_EQ(receiver_->counters().receive_batch_sizes.in_bucket(kSixteen), 1U);
}

// Without checksums the kernel sends nothing together, as on devices that cannot compute them.
TEST_P(TogetherTest, GoOneByOneWhereTheKernelRefusesThem) {
  const auto to = open(*receiver_);
  const auto from = open(*sender_);
  const int no_checksums = 1;
  ASSERT_EQ(::setsockopt(descriptor_of(from.local), SOL_SOCKET, SO_NO_CHECK, &no_checksums,
                         sizeof no_checksums),
            0);
  std::vector<std::string> sent;
  for (std::size_t i = 0; i < 40; ++i) sent.push_back(datagram('x', i, 160));

  for (std::size_t i = 0; i < sent.size(); ++i) {
    sender_->send({from.id, {}, to.local, {}, bytes_of(sent[i])});
    if (i % 20 == 19) sender_->flush();
  }

  EXPECT_EQ(receive(*receiver_, sent.size())[from.local], sent);
  EXPECT_EQ(sender_->counters().sent_aggregates.in_bucket(0), sent.size());
  EXPECT_EQ(sender_->counters().send_batches, 1U);  // the second time it knows
}

INSTANTIATE_TEST_SUITE_P(V4, TogetherTest,
                         ::testing::Values(Setting{Aggregates::IfAvailable, Aggregates::IfAvailable,
                                                   Family::V4}));

TEST(ReceiveBuffer, OverflowIsCounted) {
  const auto server = *EpollIo::create({.exclusive_socket_buffer_bytes = 4096});
  const auto client = *EpollIo::create({});
  const SocketAddress anywhere{IpAddress::loopback(Family::V4), 0};
  const auto to = server->open(anywhere, PortSharing::Exclusive).value();
  const auto from = client->open(anywhere, PortSharing::Exclusive).value();
  const std::string text(1000, 'x');
  const auto send = [&] {
    client->send({from.id, {}, to.local, {}, bytes_of(text)});
    client->flush();
  };

  constexpr std::uint64_t kSent = 50;
  for (std::uint64_t i = 0; i < kSent; ++i) send();
  const std::size_t kept = server->receive(MonoTime{}).size();
  send();  // brings the count
  ASSERT_EQ(server->receive(MonoTime::clock::now() + 10s).size(), 1U);

  EXPECT_LT(kept, kSent);
  EXPECT_EQ(server->counters().kernel_drops, kSent - kept);
}

}  // namespace
}  // namespace icebreaker::net
