// RFC 8656 §7.2 and §8: one allocation with a relay socket of each address family.
#include <gtest/gtest.h>

#include "tests/support/hex.hpp"
#include "tests/unit/turn/core/relay_fixture.hpp"

namespace icebreaker::turn::test {
namespace {

using stun::MessageBuilder;
using stun::Method;

constexpr auto kV4Peer = "8.8.8.8:1";
constexpr auto kV6Peer = "[2606:4700::1111]:1";
constexpr auto kEarlyNumber = stun::AttributeType{std::uint16_t{0x8032}};

class DualAllocation : public RelayFixture {
 protected:
  static Bytes allocate_dual(TurnClient& client) {
    return allocate_with(client, [](MessageBuilder& builder) {
      builder.add<stun::AdditionalAddressFamily>(stun::AddressFamily::V6);
    });
  }

  template <class Fill>
  static Bytes allocate_with(TurnClient& client, Fill fill) {
    return client.request(Method::Allocate, [&](MessageBuilder& builder) {
      builder.add<stun::RequestedTransport>(stun::TransportProtocol::Udp);
      fill(builder);
    });
  }

  static Bytes refresh(TurnClient& client, stun::AddressFamily family,
                       std::chrono::seconds lifetime) {
    return client.request(Method::Refresh, [&](MessageBuilder& builder) {
      builder.add<stun::RequestedAddressFamily>(family);
      builder.add<stun::Lifetime>(lifetime);
    });
  }

  TurnClient dual_client() {
    TurnClient alice = client();
    EXPECT_EQ(error_of(alice, allocate_dual(alice)), 0);
    return alice;
  }

  static std::vector<IpAddress> relayed(const ReceivedReply& reply) {
    std::vector<IpAddress> found;
    const auto all = reply.message().get_all<stun::XorRelayedAddress>().value();
    for (const RelayAddress& each : all) found.push_back(each.value.ip);
    return found;
  }

  [[nodiscard]] std::vector<Family> closed() const {
    std::vector<Family> families;
    for (const auto& each : seen<effect::CloseRelay>()) families.push_back(each.family);
    return families;
  }

  bool sends_to(TurnClient& client, std::string_view to) {
    return std::holds_alternative<ToPeer>(deliver(client, client.send_indication(peer(to), "x")));
  }
};

TEST_F(DualAllocation, HasTwoRelayedAddressesAndCountsOnceInTheQuota) {
  TurnClient alice = client();
  const Bytes request = allocate_dual(alice);

  const ReceivedReply reply = exchange(alice, request);

  EXPECT_EQ(relayed(reply), (std::vector{ip("198.18.0.9"), ip("2001:db8::1")}));
  EXPECT_FALSE(reply.message().has<stun::AddressErrorCode>());
  EXPECT_EQ(relay_->allocations(), 1U);
  EXPECT_EQ(quota_.total(), 1U);
  EXPECT_EQ(exchange(alice, request).bytes(), reply.bytes());
  EXPECT_EQ(error_of(alice, allocate_dual(alice)), 437);
}

TEST_F(DualAllocation, IsAnsweredOnceBothRelaysAreBound) {
  TurnClient alice = client();
  shell_ = Shell::KeepsRelaysWaiting;
  replies_.clear();
  deliver(alice, allocate_dual(alice));
  const auto opens = seen<effect::OpenRelay>();
  ASSERT_EQ(opens.size(), 2U);

  relay_->on_relay_opened(now_, opens[1].relay, {opens[1].address, 50001}, effects_);
  run_shell();
  EXPECT_TRUE(replies_.empty());
  relay_->on_relay_opened(now_, opens[0].relay, {opens[0].address, 50000}, effects_);
  run_shell();

  EXPECT_EQ(replies_.size(), 1U);
}

TEST_F(DualAllocation, Names508InAddressErrorCodeForTheFamilyWithoutAPort) {
  for (const Family failing : kFamilies) {
    failing_family_ = failing;
    TurnClient each = client("203.0.113.5:" + std::to_string(static_cast<int>(failing)));

    const ReceivedReply reply = exchange(each, allocate_dual(each));

    EXPECT_TRUE(reply.succeeded());
    EXPECT_EQ(relayed(reply).size(), 1U);
    const auto error = reply.message().get<stun::AddressErrorCode>();
    ASSERT_TRUE(error.has_value());
    EXPECT_EQ(stun::family_of(error->family), failing);
    EXPECT_EQ(error->code, stun::ErrorCode::InsufficientCapacity);
  }
}

TEST_F(DualAllocation, Names440InAddressErrorCodeForAFamilyWithoutARelayAddress) {
  config_.interfaces.pop_back();
  relay_ = std::make_unique<Relay>(config_, rules({}), random_, quota_, reservations_);
  TurnClient alice = client();

  const ReceivedReply reply = exchange(alice, allocate_dual(alice));

  EXPECT_EQ(relayed(reply), std::vector{ip("198.18.0.9")});
  EXPECT_EQ(reply.message().get<stun::AddressErrorCode>()->code,
            stun::ErrorCode::AddressFamilyNotSupported);
  EXPECT_EQ(reply.message().get<stun::AddressErrorCode>()->family, stun::AddressFamily::V6);
  EXPECT_EQ(error_of(alice, alice.create_permission({peer(kV6Peer)})), 443);
}

TEST_F(DualAllocation, Is508AndLeavesNothingWhenNeitherFamilyHasAPort) {
  shell_ = Shell::FailsRelays;
  TurnClient alice = client();

  EXPECT_EQ(error_of(alice, allocate_dual(alice)), 508);
  EXPECT_EQ(relay_->allocations(), 0U);
  EXPECT_EQ(quota_.total(), 0U);
}

// §7.2, steps 6, 8 and 9.
TEST_F(DualAllocation, IsRefusedWith400ForForbiddenCombinations) {
  TurnClient alice = client();
  const auto error_with = [&](auto fill) { return error_of(alice, allocate_with(alice, fill)); };

  EXPECT_EQ(error_with([](MessageBuilder& builder) {
              builder.add<stun::AdditionalAddressFamily>(stun::AddressFamily::V4);
            }),
            400);
  EXPECT_EQ(error_with([](MessageBuilder& builder) {
              builder.add<stun::RequestedAddressFamily>(stun::AddressFamily::V4);
              builder.add<stun::AdditionalAddressFamily>(stun::AddressFamily::V6);
            }),
            400);
  EXPECT_EQ(error_with([](MessageBuilder& builder) {
              builder.add<stun::EvenPort>(stun::PortReservation::EvenAndNext);
              builder.add<stun::AdditionalAddressFamily>(stun::AddressFamily::V6);
            }),
            400);
  EXPECT_EQ(error_with([](MessageBuilder& builder) {
              builder.add<stun::ReservationToken>({});
              builder.add<stun::AdditionalAddressFamily>(stun::AddressFamily::V6);
            }),
            400);
  EXPECT_EQ(error_with([](MessageBuilder& builder) {
              builder.add<stun::ReservationToken>({});
              builder.add_raw(kEarlyNumber, bytes_of_hex("02000000"));
            }),
            400);
  EXPECT_EQ(error_with([](MessageBuilder& builder) {
              builder.add_raw(stun::AttributeType::AdditionalAddressFamily, {});
            }),
            400);
  EXPECT_EQ(relay_->allocations(), 0U);
}

// As coturn's client does, up to 4.7.0.
TEST_F(DualAllocation, IsAlsoAskedForByItsEarlyNumber) {
  TurnClient alice = client();

  const auto reply = exchange(alice, allocate_with(alice, [](MessageBuilder& builder) {
                                builder.add_raw(kEarlyNumber, bytes_of_hex("02000000"));
                              }));

  EXPECT_EQ(relayed(reply), (std::vector{ip("198.18.0.9"), ip("2001:db8::1")}));
  EXPECT_EQ(error_of(alice, refresh(alice, stun::AddressFamily::V6, 600s)), 0);
}

TEST_F(DualAllocation, TakesItsEarlyNumberForUnknownWithAnotherValue) {
  TurnClient alice = client();

  const auto reply = exchange(alice, allocate_with(alice, [](MessageBuilder& builder) {
                                builder.add_raw(kEarlyNumber, bytes_of("turn.example.org"));
                              }));

  EXPECT_EQ(relayed(reply), std::vector{ip("198.18.0.9")});
  EXPECT_EQ(error_of(alice, refresh(alice, stun::AddressFamily::V6, 600s)), 443);
}

TEST_F(DualAllocation, WantsBothPortsEvenWithEvenPort) {
  TurnClient alice = client();

  exchange(alice, allocate_with(alice, [](MessageBuilder& builder) {
             builder.add<stun::EvenPort>(stun::PortReservation::EvenOnly);
             builder.add<stun::AdditionalAddressFamily>(stun::AddressFamily::V6);
           }));

  for (const auto& open : seen<effect::OpenRelay>()) EXPECT_EQ(open.parity, PortParity::Even);
}

TEST_F(DualAllocation, RelaysForPeersOfBothFamilies) {
  TurnClient alice = dual_client();

  EXPECT_EQ(error_of(alice, alice.create_permission({peer(kV4Peer), peer(kV6Peer)})), 0);
  EXPECT_EQ(error_of(alice, alice.channel_bind(0x4000, peer(kV6Peer))), 0);

  EXPECT_TRUE(sends_to(alice, kV4Peer));
  const auto to_v6 = std::get<ToPeer>(deliver(alice, TurnClient::channel_data(0x4000, "x")));
  EXPECT_EQ(to_v6.to, peer(kV6Peer));
  EXPECT_TRUE(std::holds_alternative<ToClient>(from_peer(alice, kV4Peer, "x")));
  EXPECT_TRUE(std::holds_alternative<ToClient>(from_peer(alice, kV6Peer, "x")));
}

// §8.1: what belongs to the other family stays.
TEST_F(DualAllocation, LosesOneFamilyByARefreshWithZero) {
  TurnClient alice = dual_client();
  exchange(alice, alice.create_permission({peer(kV4Peer)}));
  exchange(alice, alice.channel_bind(0x4000, peer(kV6Peer)));

  EXPECT_EQ(error_of(alice, refresh(alice, stun::AddressFamily::V6, 0s)), 0);

  EXPECT_EQ(closed(), std::vector{Family::V6});
  EXPECT_TRUE(seen<effect::AllocationEnded>().empty());
  EXPECT_TRUE(sends_to(alice, kV4Peer));
  EXPECT_EQ(std::get<Drop>(deliver(alice, TurnClient::channel_data(0x4000, "x"))), Drop::NoChannel);
  EXPECT_EQ(error_of(alice, alice.channel_bind(0x4000, peer(kV6Peer))), 443);
  EXPECT_EQ(error_of(alice, refresh(alice, stun::AddressFamily::V6, 0s)), 443);
  EXPECT_EQ(quota_.total(), 1U);

  EXPECT_EQ(error_of(alice, refresh(alice, stun::AddressFamily::V4, 0s)), 0);

  EXPECT_EQ(closed(), (std::vector{Family::V6, Family::V4}));
  EXPECT_EQ(seen<effect::AllocationEnded>().at(0).reason, EndReason::Released);
  EXPECT_EQ(quota_.total(), 0U);
  EXPECT_EQ(error_of(alice, refresh(alice, stun::AddressFamily::V4, 0s)), 437);
}

TEST_F(DualAllocation, LosesBothFamiliesByARefreshWithoutAFamily) {
  TurnClient alice = dual_client();

  EXPECT_EQ(error_of(alice, alice.refresh(0s)), 0);

  EXPECT_EQ(closed().size(), 2U);
  const auto ended = seen<effect::AllocationEnded>().at(0);
  EXPECT_EQ(ended.relayed.value.ip, ip("198.18.0.9"));
  EXPECT_EQ(ended.also_relayed->value.ip, ip("2001:db8::1"));
}

TEST_F(DualAllocation, ProlongsOneFamilyAlone) {
  TurnClient alice = dual_client();
  exchange(alice, alice.create_permission({peer(kV4Peer), peer(kV6Peer)}));

  EXPECT_EQ(error_of(alice, refresh(alice, stun::AddressFamily::V6, 1200s)), 0);
  advance(600s);

  EXPECT_EQ(closed(), std::vector{Family::V4});
  EXPECT_EQ(relay_->allocations(), 1U);
  EXPECT_EQ(error_of(alice, alice.create_permission({peer(kV6Peer)})), 0);
  EXPECT_TRUE(sends_to(alice, kV6Peer));
  EXPECT_EQ(error_of(alice, alice.create_permission({peer(kV4Peer)})), 443);
  advance(600s);
  EXPECT_EQ(relay_->allocations(), 0U);
  EXPECT_EQ(quota_.total(), 0U);
}

TEST_F(DualAllocation, RelaysNothingForAFamilyPastItsEnd) {
  TurnClient alice = dual_client();
  EXPECT_EQ(error_of(alice, refresh(alice, stun::AddressFamily::V6, 1200s)), 0);
  advance(599s);
  exchange(alice, alice.create_permission({peer(kV4Peer)}));

  now_.mono += 1s;

  EXPECT_EQ(std::get<Drop>(from_peer(alice, kV4Peer, "x")), Drop::NoPermission);
  EXPECT_FALSE(sends_to(alice, kV4Peer));
}

TEST_F(DualAllocation, ThatIsStillOpeningClosesWhatIsOpenWithItsLink) {
  TurnClient alice = client();
  shell_ = Shell::KeepsRelaysWaiting;
  deliver(alice, allocate_dual(alice));
  const auto opens = seen<effect::OpenRelay>();
  relay_->on_relay_opened(now_, opens.at(0).relay, {opens[0].address, 50000}, effects_);

  relay_->on_link_closed(now_, alice.tuple(), effects_);
  relay_->on_relay_opened(now_, opens.at(1).relay, {opens[1].address, 50001}, effects_);
  run_shell();

  EXPECT_EQ(closed(), (std::vector{Family::V4, Family::V6}));
  EXPECT_EQ(quota_.total(), 0U);
}

}  // namespace
}  // namespace icebreaker::turn::test
