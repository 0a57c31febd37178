// Link-local IPv6 addresses mean something on one interface only; an answer must find back to it.
#include <chrono>
#include <cstring>
#include <functional>

#include <gtest/gtest.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "common/net/epoll_io.hpp"
#include "common/net/sockaddr.hpp"

namespace icebreaker::net {
namespace {

using namespace std::chrono_literals;

constexpr int kGood = 0;
constexpr int kBad = 1;
constexpr int kNoNamespace = 77;

const IpAddress kLinkLocal = IpAddress::parse("fe80::1").value();

// <linux/ipv6.h> has it, and clashes with <netinet/in.h>.
struct In6Ifreq {
  in6_addr address;
  std::uint32_t prefix_bits;
  int interface_index;
};

// Loopback gets fe80::1, in a network of this process alone.
bool enter_network_with_link_local_address() {
  if (::unshare(CLONE_NEWNET) != 0 && ::unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return false;
  const UniqueFd fd{::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  ifreq up{};
  std::memcpy(&up.ifr_name, "lo", 3);
  up.ifr_flags = IFF_UP;
  const In6Ifreq address{in6_addr_of(kLinkLocal), 64, 1};
  return ::ioctl(fd.get(), SIOCSIFFLAGS, &up) == 0 && ::ioctl(fd.get(), SIOCSIFADDR, &address) == 0;
}

// The exit status of `body` in a process of its own.
int in_network_of_its_own(const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(enter_network_with_link_local_address() ? body() : kNoNamespace);
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : kBad;
}

// The kernel makes a new address usable a moment later.
bool wait_until_usable(EpollIo& io, const IpAddress& ip) {
  const MonoTime until = MonoTime::clock::now() + 10s;
  while (MonoTime::clock::now() < until) {
    if (io.open({ip, 0}, PortSharing::Exclusive)) return true;
    io.receive(MonoTime::clock::now() + 5ms);
  }
  return false;
}

std::optional<Datagram> one_datagram(EpollIo& io) {
  const MonoTime until = MonoTime::clock::now() + 10s;
  while (MonoTime::clock::now() < until) {
    const auto batch = io.receive(until);
    if (!batch.empty()) return batch.front();
  }
  return std::nullopt;
}

int answer_a_link_local_client() {
  const auto server = *EpollIo::create({});
  const auto client = *EpollIo::create({});
  const IpAddress on_loopback = kLinkLocal.with_zone(1);
  if (!wait_until_usable(*client, on_loopback)) return kBad;
  const SocketAddress any{IpAddress::any(Family::V6), 0};
  const auto at = server->open(any, PortSharing::Exclusive);
  const auto from = client->open(any, PortSharing::Exclusive);
  if (!at || !from) return kBad;

  client->send({from->id, on_loopback, {on_loopback, at->local.port}, {}, bytes_of("ping")});
  client->flush();
  const auto ping = one_datagram(*server);
  if (!ping || ping->from.ip != on_loopback || ping->to.ip != on_loopback) return kBad;

  server->send({at->id, ping->to.ip, ping->from, {}, bytes_of("pong")});
  server->flush();
  const auto pong = one_datagram(*client);
  return pong && pong->from == SocketAddress{on_loopback, at->local.port} ? kGood : kBad;
}

TEST(LinkLocal, ClientsGetTheirAnswerOnTheLinkThatTheyAskedOn) {
  const int status = in_network_of_its_own(answer_a_link_local_client);
  if (status == kNoNamespace) GTEST_SKIP() << "no network namespace may be made here";

  EXPECT_EQ(status, kGood);
}

TEST(LinkLocal, ZonesGoToTheKernelAndComeBack) {
  const SocketAddress on_second_link{kLinkLocal.with_zone(2), 3478};

  EXPECT_EQ(SockAddr{on_second_link}.address(), on_second_link);
}

TEST(LinkLocal, OtherAddressesHaveNoZone) {
  const IpAddress global = IpAddress::parse("2001:db8::1").value();

  EXPECT_EQ(ip_of(in6_addr_of(global), 2), global);
}

}  // namespace
}  // namespace icebreaker::net
