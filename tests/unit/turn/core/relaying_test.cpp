#include <gtest/gtest.h>

#include "tests/unit/turn/core/relay_fixture.hpp"

namespace icebreaker::turn::test {
namespace {

using stun::Method;

class Relaying : public RelayFixture {
 protected:
  static std::string text(ByteView bytes) { return std::string{text_of(bytes)}; }

  // Everything the client gets, in one piece.
  static Bytes wire_of(const ToClient& forward) {
    Bytes bytes = copy_of(forward.header_view());
    bytes.insert(bytes.end(), forward.payload.begin(), forward.payload.end());
    bytes.resize(bytes.size() + forward.padding);
    return bytes;
  }

  TurnClient client_with_channel() {
    TurnClient alice = allocated_client();
    EXPECT_EQ(error_of(alice, alice.channel_bind(0x4001, peer("8.8.8.8:53"))), 0);
    return alice;
  }
};

TEST_F(Relaying, ForwardsSendIndicationsToPermittedPeers) {
  TurnClient alice = allocated_client();
  exchange(alice, alice.create_permission({peer("8.8.8.8:1"), peer("9.9.9.9:1")}));

  const Bytes indication = alice.send_indication(peer("9.9.9.9:4242"), "hello");
  const auto forward = std::get<ToPeer>(deliver(alice, indication));

  EXPECT_EQ(forward.via, relay_of(alice));
  EXPECT_EQ(forward.to, peer("9.9.9.9:4242"));
  EXPECT_EQ(text(forward.payload), "hello");
}

TEST_F(Relaying, ForwardsChannelDataWithAndWithoutPadding) {
  const TurnClient alice = client_with_channel();

  for (const std::size_t padding : {0U, 3U}) {
    const Bytes data = TurnClient::channel_data(0x4001, "hello", padding);
    const auto forward = std::get<ToPeer>(deliver(alice, data));

    EXPECT_EQ(forward.to, peer("8.8.8.8:53"));
    EXPECT_EQ(text(forward.payload), "hello");
  }
}

TEST_F(Relaying, DropsWithAName) {
  TurnClient alice = client_with_channel();
  TurnClient nobody{"203.0.113.200:1", "", ""};
  const auto drop = [&](const TurnClient& from, const Bytes& bytes) {
    return std::get<Drop>(deliver(from, bytes));
  };

  EXPECT_EQ(drop(nobody, TurnClient::channel_data(0x4001, "x")), Drop::NoAllocation);
  EXPECT_EQ(drop(nobody, nobody.send_indication(peer("8.8.8.8:1"), "x")), Drop::NoAllocation);
  EXPECT_EQ(drop(alice, TurnClient::channel_data(0x4002, "x")), Drop::NoChannel);
  EXPECT_EQ(drop(alice, alice.send_indication(peer("8.8.4.4:1"), "x")), Drop::NoPermission);
  EXPECT_EQ(drop(alice, TurnClient::channel_data(0x8001, "x")), Drop::NotTurn);
  EXPECT_EQ(drop(alice, {}), Drop::NotTurn);
  EXPECT_EQ(drop(alice, Bytes(100, std::byte{0x80})), Drop::NotTurn);
  EXPECT_EQ(drop(alice, Bytes(100, std::byte{0x00})), Drop::MalformedStun);
  Bytes cut = TurnClient::channel_data(0x4001, "hello");
  cut.pop_back();
  EXPECT_EQ(drop(alice, cut), Drop::MalformedChannelData);
}

TEST_F(Relaying, DropsWhateverCarriesAWrongFingerprint) {
  const TurnClient alice = client_with_channel();
  const auto with_fingerprint = [](stun::MessageClass message_class, Method method) {
    std::array<std::byte, 256> buffer{};
    stun::MessageBuilder builder{buffer, message_class, method, {}};
    if (method == Method::Send) {
      builder.add<stun::XorPeerAddress>(peer("8.8.8.8:53")).add<stun::Data>(bytes_of("x"));
    }
    return copy_of(builder.add_fingerprint().finish());
  };
  const auto spoiled = [](Bytes message) {
    message.back() ^= std::byte{1};
    return message;
  };
  const Bytes indication = with_fingerprint(stun::MessageClass::Indication, Method::Send);
  const Bytes binding = with_fingerprint(stun::MessageClass::Request, Method::Binding);
  const Bytes allocate = with_fingerprint(stun::MessageClass::Request, Method::Allocate);

  EXPECT_TRUE(std::holds_alternative<ToPeer>(deliver(alice, indication)));
  EXPECT_TRUE(exchange(alice, binding).succeeded());
  EXPECT_EQ(error_of(alice, allocate), 401);
  replies_.clear();
  for (const Bytes& message : {indication, binding, allocate}) {
    EXPECT_EQ(std::get<Drop>(deliver(alice, spoiled(message))), Drop::WrongFingerprint);
  }
  EXPECT_TRUE(replies_.empty());
}

TEST_F(Relaying, DropsIncompleteAndUnknownIndications) {
  TurnClient alice = client_with_channel();
  const auto drop = [&](Method method, stun::MessageClass message_class, auto fill) {
    std::array<std::byte, 256> buffer{};
    stun::MessageBuilder builder{buffer, message_class, method, {}};
    fill(builder);
    return std::get<Drop>(deliver(alice, copy_of(builder.finish())));
  };
  const auto nothing = [](stun::MessageBuilder&) {};
  const auto indication = stun::MessageClass::Indication;

  EXPECT_EQ(drop(Method::Send, indication, nothing), Drop::MalformedIndication);
  EXPECT_EQ(drop(Method::Send, indication,
                 [](stun::MessageBuilder& b) { b.add<stun::XorPeerAddress>(peer("8.8.8.8:1")); }),
            Drop::MalformedIndication);
  EXPECT_EQ(drop(Method::Send, indication,
                 [](stun::MessageBuilder& b) {
                   b.add<stun::XorPeerAddress>(peer("8.8.8.8:1")).add<stun::Data>({});
                   b.add_raw(static_cast<stun::AttributeType>(0x7F00), {});
                 }),
            Drop::MalformedIndication);
  EXPECT_EQ(drop(Method::Data, indication, nothing), Drop::UnexpectedStun);
  EXPECT_EQ(drop(Method::Allocate, stun::MessageClass::SuccessResponse, nothing),
            Drop::UnexpectedStun);
  EXPECT_EQ(drop(static_cast<Method>(0x0FF), stun::MessageClass::Request, nothing),
            Drop::UnexpectedStun);
}

// RFC 8656 §13 to §15.
TEST_F(Relaying, ForbidsFragmentsWhereDontFragmentCounts) {
  const auto forbidden = [&](std::string_view from, LinkKind kind, std::string_view to) {
    TurnClient each = client(from);
    each.move_to(link_id(kind, 1));
    exchange(each, each.request(Method::Allocate, [](stun::MessageBuilder& builder) {
      builder.add<stun::RequestedTransport>(stun::TransportProtocol::Udp);
      builder.add<stun::AdditionalAddressFamily>(stun::AddressFamily::V6);
      builder.add<stun::DontFragment>({});
    }));
    exchange(each, each.create_permission({peer(to)}));
    std::array<std::byte, 256> buffer{};
    stun::MessageBuilder builder{buffer, stun::MessageClass::Indication, Method::Send, {}};
    builder.add<stun::XorPeerAddress>(peer(to)).add<stun::Data>(bytes_of("x"));
    builder.add<stun::DontFragment>({});
    return std::get<ToPeer>(deliver(each, copy_of(builder.finish()))).dont_fragment;
  };

  EXPECT_TRUE(forbidden("203.0.113.5:1", LinkKind::Socket, "8.8.8.8:1"));
  EXPECT_FALSE(forbidden("203.0.113.5:2", LinkKind::Socket, "[2606:4700::1111]:1"));
  EXPECT_FALSE(forbidden("[2001:db8::7]:3", LinkKind::Socket, "8.8.8.8:1"));
  EXPECT_FALSE(forbidden("[2001:db8::7]:4", LinkKind::Association, "[2606:4700::1111]:1"));
  EXPECT_TRUE(forbidden("203.0.113.5:5", LinkKind::Stream, "8.8.8.8:1"));
  EXPECT_TRUE(forbidden("[2001:db8::7]:6", LinkKind::Stream, "[2606:4700::1111]:1"));
}

TEST_F(Relaying, AllowsFragmentsOfChannelData) {
  const TurnClient alice = client_with_channel();

  EXPECT_FALSE(
      std::get<ToPeer>(deliver(alice, TurnClient::channel_data(0x4001, "x"))).dont_fragment);
}

TEST_F(Relaying, HandsPeersDataOnAsAPaddedDataIndication) {
  TurnClient alice = allocated_client();
  exchange(alice, alice.create_permission({peer("8.8.8.8:1")}));

  for (const std::string_view data : {"", "h", "hello", "hello, w"}) {
    const auto forward = std::get<ToClient>(from_peer(alice, "8.8.8.8:4242", data));
    const Bytes wire = wire_of(forward);
    const auto message = stun::MessageView::parse(wire).value();

    EXPECT_EQ(forward.to, alice.tuple());
    EXPECT_EQ(message.message_class(), stun::MessageClass::Indication);
    EXPECT_EQ(message.method(), Method::Data);
    EXPECT_EQ(message.get<stun::XorPeerAddress>(), peer("8.8.8.8:4242"));
    EXPECT_EQ(text(message.get<stun::Data>().value()), data);
  }
}

TEST_F(Relaying, HandsDataOfAPeerWithChannelOnAsChannelData) {
  const TurnClient alice = client_with_channel();

  const auto forward = std::get<ToClient>(from_peer(alice, "8.8.8.8:53", "hello"));

  EXPECT_EQ(wire_of(forward), TurnClient::channel_data(0x4001, "hello"));
  EXPECT_TRUE(
      stun::MessageView::parse(wire_of(std::get<ToClient>(from_peer(alice, "8.8.8.8:54", "hello"))))
          .has_value());
}

TEST_F(Relaying, PadsChannelDataOnStreamsOnly) {
  for (const auto& [kind, padding] :
       {std::pair{LinkKind::Stream, 3U}, std::pair{LinkKind::Association, 0U}}) {
    TurnClient alice{"203.0.113.5:40000", kAlice, kPassword};
    alice.move_to(link_id(kind, 7));
    alice.learn(exchange(alice, alice.allocate()).message());
    EXPECT_EQ(error_of(alice, alice.allocate()), 0);
    EXPECT_EQ(error_of(alice, alice.channel_bind(0x4001, peer("8.8.8.8:53"))), 0);

    const auto forward = std::get<ToClient>(from_peer(alice, "8.8.8.8:53", "hello"));

    EXPECT_EQ(wire_of(forward), TurnClient::channel_data(0x4001, "hello", padding));
    EXPECT_EQ(forward.to.link, link_id(kind, 7));
  }
}

TEST_F(Relaying, DropsWhatDoesNotFitIntoOneMessage) {
  TurnClient alice = allocated_client();
  exchange(alice, alice.create_permission({peer("8.8.8.8:1")}));
  const std::string longest(65'499, 'x');  // 36 bytes of header, and 65,535 in all

  EXPECT_TRUE(std::holds_alternative<ToClient>(
      from_peer(alice, "8.8.8.8:1", std::string_view{longest}.substr(3))));
  EXPECT_EQ(std::get<Drop>(from_peer(alice, "8.8.8.8:1", longest)), Drop::TooLong);
}

TEST_F(Relaying, DropsPeersWithoutPermissionAndRelaysThatAreGone) {
  TurnClient alice = client_with_channel();

  EXPECT_EQ(std::get<Drop>(from_peer(alice, "8.8.4.4:53", "x")), Drop::NoPermission);
  exchange(alice, alice.refresh(0s));
  EXPECT_EQ(std::get<Drop>(from_peer(alice, "8.8.8.8:53", "x")), Drop::NoAllocation);
}

TEST_F(Relaying, HairpinsBetweenRelaysOverTheExternalAddress) {
  TurnClient alice = allocated_client("203.0.113.5:1");  // relay 198.18.0.9:50000
  TurnClient bob = allocated_client("203.0.113.5:2");    // relay 198.18.0.9:50001
  EXPECT_EQ(error_of(alice, alice.channel_bind(0x4000, peer("198.18.0.9:50001"))), 0);
  EXPECT_EQ(error_of(bob, bob.create_permission({peer("198.18.0.9:50000")})), 0);

  const Bytes data = TurnClient::channel_data(0x4000, "hello");
  const auto out = std::get<ToPeer>(deliver(alice, data));
  EXPECT_EQ(out.to, peer("10.0.0.1:50001"));

  const auto in = std::get<ToClient>(from_peer(bob, "10.0.0.1:50000", "hello"));
  const Bytes wire = wire_of(in);
  EXPECT_EQ(stun::MessageView::parse(wire)->get<stun::XorPeerAddress>(), peer("198.18.0.9:50000"));
}

TEST_F(Relaying, NeverReachesOwnEndpointsThroughAPermissionForTheOwnAddress) {
  TurnClient alice = allocated_client();
  EXPECT_EQ(error_of(alice, alice.create_permission({peer("198.18.0.9:50001")})), 0);

  const Bytes to_listener = alice.send_indication(peer("198.18.0.9:3478"), "x");
  EXPECT_EQ(std::get<Drop>(deliver(alice, to_listener)), Drop::PeerRefused);
  EXPECT_EQ(error_of(alice, alice.channel_bind(0x4000, peer("198.18.0.9:3478"))), 403);
}

TEST_F(Relaying, AnswersBindingRequestsWithoutCredentials) {
  TurnClient stranger{"203.0.113.5:40000", "", ""};

  const ReceivedReply reply = exchange(stranger, stranger.request(Method::Binding));

  EXPECT_EQ(reply.message().get<stun::XorMappedAddress>(), address("203.0.113.5:40000"));
}

TEST_F(Relaying, TellsWhatBecameOfAnAllocation) {
  const auto use = [&](std::string_view from, auto act) {
    TurnClient each = allocated_client(from);
    act(each);
    exchange(each, each.refresh(0s));
    return use_of(seen<effect::AllocationEnded>().back().traffic);
  };
  const PeerAddress google = peer("8.8.8.8:53");
  const auto permit = [&](TurnClient& each) { exchange(each, each.create_permission({google})); };
  const auto send = [&](TurnClient& each) { deliver(each, each.send_indication(google, "x")); };

  EXPECT_EQ(use("203.0.113.5:1", [](TurnClient&) {}), AllocationUse::NeverAskedForPeer);
  EXPECT_EQ(use("203.0.113.5:3", permit), AllocationUse::NeverSent);
  EXPECT_EQ(use("203.0.113.5:4", send), AllocationUse::SentWithoutPermission);
  EXPECT_EQ(use("203.0.113.5:5", [&](TurnClient& each) { permit(each), send(each); }),
            AllocationUse::PeerNeverAnswered);
  EXPECT_EQ(use("203.0.113.5:6",
                [&](TurnClient& each) {
                  permit(each), send(each);
                  from_peer(each, "8.8.4.4:53", "y");
                }),
            AllocationUse::AnsweredWithoutPermission);
  EXPECT_EQ(use("203.0.113.5:7",
                [&](TurnClient& each) {
                  permit(each), send(each);
                  from_peer(each, "8.8.8.8:53", "y");
                }),
            AllocationUse::Worked);
}

TEST_F(Relaying, NamesAFewOfThePeersThatWereRefusedAndTheirNetworks) {
  relay_->reconfigure(rules({Cidr::parse("9.9.0.0/16").value()}), effects_);
  TurnClient alice = allocated_client();
  for (const auto* each : {"192.168.1.1:1", "192.168.1.1:1", "9.9.9.9:1", "[::ffff:10.0.0.1]:1",
                           "192.168.7.7:1", "192.168.8.8:1"}) {
    EXPECT_EQ(error_of(alice, alice.channel_bind(0x4000, peer(each))), 403);
  }
  deliver(alice, alice.send_indication(peer("8.8.4.4:7"), "x"));
  from_peer(alice, "8.8.4.4:8", "y");
  exchange(alice, alice.refresh(0s));

  const effect::AllocationEnded ended = seen<effect::AllocationEnded>().back();
  const auto network = [](std::string_view text) { return Cidr::parse(text).value(); };
  const std::vector<PeerRefusal> expected{
      {peer("192.168.1.1:1"), PeerRule::Private, network("192.168.0.0/16")},
      {peer("9.9.9.9:1"), PeerRule::Denied, network("9.9.0.0/16")},
      {peer("[::ffff:10.0.0.1]:1"), PeerRule::Private, network("10.0.0.0/8")}};
  EXPECT_EQ(ended.refusals, expected);
  EXPECT_EQ(ended.traffic.main_refusal(), PeerRule::Private);
  ASSERT_EQ(ended.traffic.sent_without_permission.view().size(), 1U);
  EXPECT_EQ(ended.traffic.sent_without_permission.view()[0], peer("8.8.4.4:7"));
  ASSERT_EQ(ended.traffic.unwanted.view().size(), 1U);
  EXPECT_EQ(ended.traffic.unwanted.view()[0], peer("8.8.4.4:8"));
}

}  // namespace
}  // namespace icebreaker::turn::test
