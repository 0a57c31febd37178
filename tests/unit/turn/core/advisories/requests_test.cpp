// Advisories of this field about what requests may do before, beside and after their
// authentication, over every method and kind of link.
#include <algorithm>

#include "tests/unit/turn/core/advisories/advisory_fixture.hpp"

namespace icebreaker::turn::test {
namespace {

using stun::AttributeType;
using stun::Method;

constexpr RelayLimits kLimits{.permissions_per_allocation = 8, .channels_per_allocation = 4};

class RequestAdvisories : public AdvisoryFixture {
 protected:
  RequestAdvisories() : AdvisoryFixture{kLimits, {.allocations_per_user = 1}} {}

  // One request of every method that asks for credentials.
  static std::vector<Bytes> every_request_of(TurnClient& client) {
    return {client.allocate(), client.refresh(0s), client.create_permission({peer("8.8.8.8:1")}),
            client.channel_bind(0x4000, peer("8.8.8.8:1"))};
  }

  // Bytes at an odd address, as no allocator gives them out.
  ClientVerdict deliver_misaligned(const FiveTuple& from, const Bytes& bytes) {
    Bytes shifted(bytes.size() + 1);
    std::ranges::copy(bytes, shifted.begin() + 1);
    const ClientVerdict verdict =
        relay_->on_client(now_, from, ByteView{shifted}.subspan(1), effects_);
    run_shell();
    return verdict;
  }

  void expect_nothing_but_replies() const {
    for (const Effect& each : history_) EXPECT_TRUE(std::holds_alternative<effect::Reply>(each));
  }
};

constexpr std::array kLoopbackPeer{std::byte{0},    std::byte{1},    std::byte{0x21},
                                   std::byte{0x13}, std::byte{0x5E}, std::byte{0x12},
                                   std::byte{0xA4}, std::byte{0x43}};

TEST_P(RequestAdvisories, coturn_ab762f33_attributes_behind_the_signature_are_ignored) {
  TurnClient client = linked_client();
  constexpr std::array kZero{std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0}};
  constexpr std::array kV6{std::byte{2}, std::byte{0}, std::byte{0}, std::byte{0}};

  Bytes allocate = with_trailer(client.allocate(), AttributeType::Lifetime, kZero);
  allocate = with_trailer(allocate, AttributeType::RequestedAddressFamily, kV6);
  allocate = with_trailer(allocate, AttributeType::EvenPort, ByteView{kZero}.first(1));
  const ReceivedReply reply = exchange(client, allocate);
  EXPECT_TRUE(reply.succeeded());
  EXPECT_EQ(reply.message().get<stun::Lifetime>(), 600s);
  EXPECT_TRUE(reply.message().get<stun::XorRelayedAddress>()->value.ip.is_v4());

  const Bytes refresh = client.request(Method::Refresh);
  EXPECT_EQ(error_of(client, with_trailer(refresh, AttributeType::Lifetime, kZero)), 0);
  EXPECT_EQ(relay_->allocations(), 1U);

  const Bytes none = client.create_permission({});
  EXPECT_EQ(error_of(client, with_trailer(none, AttributeType::XorPeerAddress, kLoopbackPeer)),
            400);
  const Bytes some = client.create_permission({peer("8.8.8.8:1")});
  EXPECT_EQ(error_of(client, with_trailer(some, AttributeType::XorPeerAddress, kLoopbackPeer)), 0);
  EXPECT_EQ(std::get<Drop>(from_peer(client, "127.0.0.1:1", "x")), Drop::NoPermission);
  const Bytes bind = client.channel_bind(0x4000, peer("8.8.8.8:1"));
  EXPECT_EQ(error_of(client, with_trailer(bind, AttributeType::XorPeerAddress, kLoopbackPeer)), 0);
  EXPECT_EQ(seen<effect::BindChannel>().at(0).peer, peer("8.8.8.8:1"));
}

TEST_P(RequestAdvisories, coturn_1871_unauthenticated_requests_change_nothing) {
  const TurnClient client = relaying_client();
  TurnClient stranger = client;
  stranger.forget_nonce();
  TurnClient liar = client;
  liar.become(kAlice, "guess");
  const auto deadline = relay_->next_deadline();
  history_.clear();

  for (TurnClient* each : {&stranger, &liar}) {
    for (const Bytes& request : every_request_of(*each)) EXPECT_EQ(error_of(client, request), 401);
  }

  expect_nothing_but_replies();
  EXPECT_EQ(relay_->next_deadline(), deadline);
  EXPECT_EQ(std::get<Drop>(from_peer(client, "8.8.8.8:1", "x")), Drop::NoPermission);
}

TEST_P(RequestAdvisories, coturn_1999_2024_2025_strangers_leave_nothing_behind) {
  const TurnClient known = linked_client();
  history_.clear();

  for (unsigned number = 0; number < 2000; ++number) {
    const SocketAddress source{IpAddress::from_v4(0x0B000000U + number * 263U), 4000};
    FiveTuple from = known.tuple();
    from.client = ClientAddress{source};
    TurnClient stranger{source.to_string(), kAlice, "guess"};
    if (number % 2 == 1) {  // garbage integrity, with a nonce that is somebody else's
      stranger.replace_realm("example.org");
      stranger.replace_nonce(known.nonce().value());
    }
    for (const Bytes& request : every_request_of(stranger)) deliver_from(from, request);
  }

  expect_nothing_but_replies();
  EXPECT_EQ(relay_->allocations(), 0U);
  EXPECT_EQ(relay_->next_deadline(), std::nullopt);
  EXPECT_EQ(quota_.users() + quota_.networks() + quota_.total(), 0U);
}

TEST_P(RequestAdvisories, firezone_28e3cb0_nonces_are_bound_to_the_client) {
  TurnClient client = linked_client();
  TurnClient other = linked_client("203.0.113.6:40000");
  other.replace_nonce(client.nonce().value());

  EXPECT_EQ(error_of(other, other.allocate()), 438);
  EXPECT_EQ(error_of(client, client.allocate()), 0);
}

TEST_P(RequestAdvisories, pion_7a0272f_allocations_are_of_no_use_to_another_user) {
  const TurnClient alice = relaying_client();
  TurnClient bob = alice;
  bob.become("bob", "b");

  EXPECT_EQ(error_of(bob, bob.refresh(0s)), 441);
  EXPECT_EQ(error_of(bob, bob.create_permission({peer("8.8.8.8:1")})), 441);
  EXPECT_EQ(error_of(bob, bob.channel_bind(0x4000, peer("8.8.8.8:1"))), 441);
  EXPECT_EQ(error_of(bob, bob.allocate()), 437);
}

// RFC 6062's Connect and ConnectionBind: what is not there cannot skip a check.
TEST_P(RequestAdvisories, pion_f80c90e_tcp_allocations_are_not_there) {
  TurnClient client = linked_client();
  const Bytes tcp = client.request(Method::Allocate, [](stun::MessageBuilder& builder) {
    builder.add<stun::RequestedTransport>(static_cast<stun::TransportProtocol>(6));
  });
  EXPECT_EQ(error_of(client, tcp), 442);
  EXPECT_EQ(error_of(client, client.allocate()), 0);

  for (const unsigned method : {0x00AU, 0x00BU, 0x00CU}) {
    const Bytes connect =
        client.request(static_cast<Method>(method), [](stun::MessageBuilder& builder) {
          builder.add<stun::XorPeerAddress>(peer("127.0.0.1:80"));
        });
    EXPECT_EQ(std::get<Drop>(deliver(client, connect)), Drop::UnexpectedStun) << method;
  }
}

// RFC 8016: MOBILITY-TICKET may be ignored, and is.
TEST_P(RequestAdvisories, coturn_37df0513_3c5b2615_mobility_is_not_there) {
  TurnClient client = linked_client();
  const Bytes allocate = client.request(Method::Allocate, [](stun::MessageBuilder& builder) {
    builder.add<stun::RequestedTransport>(stun::TransportProtocol::Udp);
    builder.add_raw(static_cast<AttributeType>(0x8030), {});
  });
  const ReceivedReply reply = exchange(client, allocate);
  EXPECT_TRUE(reply.succeeded());
  EXPECT_FALSE(reply.message().find(static_cast<AttributeType>(0x8030)).has_value());

  TurnClient moved = linked_client("203.0.113.9:40000");
  const Bytes resume = moved.request(Method::Refresh, [](stun::MessageBuilder& builder) {
    builder.add_raw(static_cast<AttributeType>(0x8030), bytes_of("a ticket"));
  });
  EXPECT_EQ(error_of(moved, resume), 437);
}

TEST_P(RequestAdvisories, coturn_3c5b2615_quota_is_held_as_long_as_the_allocation) {
  for (int round = 0; round < 100; ++round) {
    const TurnClient first = relaying_client();
    TurnClient second = linked_client("203.0.113.7:40000");
    EXPECT_EQ(error_of(second, second.allocate()), 486);

    relay_->on_link_closed(now_, first.tuple(), effects_);
    run_shell();
    EXPECT_EQ(quota_.total(), 0U);
    now_.mono += 1s;
  }
}

TEST_P(RequestAdvisories, CVE_2026_43994_oauth_tokens_are_not_there) {
  TurnClient client = linked_client();
  for (const std::size_t size : {0U, 1U, 2U, 255U, 600U}) {
    const Bytes token(size, std::byte{0xFF});
    const Bytes request = client.request(Method::Allocate, [&](stun::MessageBuilder& builder) {
      builder.add<stun::RequestedTransport>(stun::TransportProtocol::Udp);
      builder.add_raw(static_cast<AttributeType>(0x001B), token);
    });
    EXPECT_EQ(error_of(client, request), 420) << size;
  }
}

// Every length field of every method, as the sanitizers watch.
TEST_P(RequestAdvisories, CVE_2026_43994_no_length_field_is_trusted) {
  TurnClient client = relaying_client();
  for (const Bytes& request : every_request_of(client)) {
    std::vector<std::size_t> places{2};
    const auto message = stun::MessageView::parse(request).value();
    for (auto each = message.begin(); each != message.end(); ++each) {
      places.push_back(each.offset() + 2);
    }
    for (const std::size_t place : places) {
      for (const unsigned length : {0U, 1U, 3U, 5U, 255U, 508U, 513U, 1024U, 32768U, 65535U}) {
        Bytes forged = request;
        ByteWriter{MutableByteView{forged}.subspan(place)}.u16(static_cast<std::uint16_t>(length));
        if (forged == request) continue;
        const ClientVerdict verdict = deliver(client, forged);
        const auto* handled = std::get_if<Handled>(&verdict);
        EXPECT_TRUE(handled == nullptr || handled->error.has_value()) << place << ' ' << length;
      }
    }
  }
  EXPECT_EQ(relay_->allocations(), 1U);
}

TEST_P(RequestAdvisories, CVE_2026_40613_messages_may_start_anywhere) {
  TurnClient client = linked_client();
  EXPECT_TRUE(
      std::holds_alternative<Handled>(deliver_misaligned(client.tuple(), client.allocate())));
  for (const std::string_view data : {"", "1", "12", "123", "12345"}) {
    deliver_misaligned(client.tuple(), client.channel_bind(0x4000, peer("8.8.8.8:1")));
    const Bytes send = client.send_indication(peer("8.8.8.8:1"), data);
    EXPECT_TRUE(std::holds_alternative<ToPeer>(deliver_misaligned(client.tuple(), send)));
    const Bytes channel_data = TurnClient::channel_data(0x4000, data);
    EXPECT_TRUE(std::holds_alternative<ToPeer>(deliver_misaligned(client.tuple(), channel_data)));
    const Bytes odd = client.request(Method::Refresh, [&](stun::MessageBuilder& builder) {
      builder.add_raw(AttributeType::Software, bytes_of(data));
    });
    EXPECT_EQ(std::get<Handled>(deliver_misaligned(client.tuple(), odd)).error, std::nullopt);
  }
}

TEST_P(RequestAdvisories, coturn_5ca467e7_permissions_and_channels_are_capped) {
  TurnClient client = relaying_client();
  for (std::uint16_t number = 0; number < 4; ++number) {
    const PeerAddress port{{ip("8.8.8.8"), number}};
    const auto channel = static_cast<std::uint16_t>(0x4000 + number);
    EXPECT_EQ(error_of(client, client.channel_bind(channel, port)), 0);
  }
  EXPECT_EQ(error_of(client, client.channel_bind(0x4004, peer("8.8.8.8:99"))), 508);
  for (unsigned number = 1; number < 8; ++number) {
    const PeerAddress other{{IpAddress::from_v4(0x08080900U + number), 1}};
    EXPECT_EQ(error_of(client, client.create_permission({other})), 0);
  }
  EXPECT_EQ(error_of(client, client.create_permission({peer("8.8.10.1:1")})), 508);
}

TEST_P(RequestAdvisories, coturn_5ca467e7_sending_to_every_port_leaves_nothing_behind) {
  TurnClient client = relaying_client();
  EXPECT_EQ(error_of(client, client.create_permission({peer("8.8.8.8:1")})), 0);
  const auto deadline = relay_->next_deadline();
  history_.clear();

  for (unsigned port = 1; port <= 65535; ++port) {
    const PeerAddress to{{ip("8.8.8.8"), static_cast<std::uint16_t>(port)}};
    const Bytes send = client.send_indication(to, "x");
    ASSERT_TRUE(std::holds_alternative<ToPeer>(deliver(client, send))) << port;
  }

  EXPECT_TRUE(history_.empty());
  EXPECT_EQ(relay_->next_deadline(), deadline);
}

TEST_P(RequestAdvisories, coturn_4adbd82e_even_ports_come_back) {
  relay_->reconfigure({Authenticator::anonymous("example.org"), PeerPolicy{{}}}, effects_);
  TurnClient client{"203.0.113.5:40000", "", ""};
  client.move_to(link_id(GetParam(), 1));
  std::size_t opened = 0;
  std::size_t closed = 0;

  for (int cycle = 0; cycle < 100'000 / static_cast<int>(kLinkKinds.size()); ++cycle) {
    const Bytes allocate = client.request(Method::Allocate, [](stun::MessageBuilder& builder) {
      builder.add<stun::RequestedTransport>(stun::TransportProtocol::Udp);
      builder.add<stun::EvenPort>(stun::PortReservation::EvenOnly);
    });
    ASSERT_EQ(error_of(client, allocate), 0) << cycle;
    ASSERT_EQ(error_of(client, client.refresh(0s)), 0) << cycle;
    opened += seen<effect::OpenRelay>().size();
    closed += seen<effect::CloseRelay>().size();
    ASSERT_EQ(opened, closed) << cycle;
    history_.clear();
  }

  EXPECT_EQ(relay_->allocations(), 0U);
  EXPECT_EQ(quota_.total(), 0U);
}

TEST_P(RequestAdvisories, GHSA_4g7c_strange_usernames_are_nobodys) {
  const std::string long_name(513, 'a');
  using namespace std::string_view_literals;
  for (const std::string_view name :
       {"%s%n%s%n"sv, "4000000000:%s%n"sv, "a\0b"sv, "\0"sv, "\xFF\xFE"sv, "\xC0\xAF"sv, "\r\n"sv,
        std::string_view{long_name}, ""sv}) {
    TurnClient client = linked_client("203.0.113.5:40000", name, "x");
    for (const Bytes& request : every_request_of(client)) EXPECT_EQ(error_of(client, request), 401);
  }
  EXPECT_EQ(quota_.users(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Links, RequestAdvisories, ::testing::ValuesIn(kLinkKinds), link_name);

}  // namespace
}  // namespace icebreaker::turn::test
