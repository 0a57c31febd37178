#include "common/stun/attributes.hpp"

#include <array>
#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "common/stun/message_builder.hpp"
#include "tests/support/hex.hpp"

namespace icebreaker::stun {
namespace {

using namespace std::chrono_literals;

const TransactionId kId = [] {
  TransactionId id{};
  for (std::size_t index = 0; index < id.size(); ++index) id.at(index) = std::byte(index + 1);
  return id;
}();

// The value's bytes as the builder writes them, without padding.
template <class A>
std::string wire_of(const typename A::Value& value) {
  std::array<std::byte, 1024> buffer{};
  MessageBuilder builder{buffer, MessageClass::Request, Method::Binding, kId};
  const ByteView wire = builder.add<A>(value).finish();
  return hex_of(MessageView::parse(wire)->find(A::kType).value());
}

// As written by A::encode, absent from another message, and malformed in each of the given forms.
template <class A>
void expect_codec(const typename A::Value& value, std::string_view wire,
                  std::initializer_list<std::string_view> malformed) {
  SCOPED_TRACE(::testing::Message() << "type " << static_cast<unsigned>(A::kType));
  EXPECT_EQ(wire_of<A>(value), wire);
  const auto bytes = bytes_of_hex(wire);
  const auto decoded = A::decode(bytes, kId);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_TRUE(*decoded == value);
  for (const std::string_view bad : malformed) {
    const auto bad_bytes = bytes_of_hex(bad);
    EXPECT_EQ(A::decode(bad_bytes, kId).error(), AttributeError::Malformed) << bad;
  }
}

SocketAddress v4() {
  return SocketAddress::parse("192.0.2.1:32853").value();
}

SocketAddress v6() {
  return SocketAddress::parse("[2001:db8::1]:3478").value();
}

constexpr std::string_view kV4 = "00018055c0000201";
constexpr std::string_view kXorV4 = "0001a147e112a643";
constexpr std::string_view kV6 = "00020d9620010db8000000000000000000000001";
constexpr std::string_view kXorV6 = "00022c840113a9fa0102030405060708090a0b0d";
const std::initializer_list<std::string_view> kBadAddresses{
    "",
    "0001",
    "00018055c00002",
    "00018055c000020100",
    "00038055c0000201",
    "00028055c0000201",
    "00010d9620010db8000000000000000000000001"};

TEST(Attributes, PlainAddresses) {
  expect_codec<MappedAddress>(v4(), kV4, kBadAddresses);
  expect_codec<MappedAddress>(v6(), kV6, kBadAddresses);
  expect_codec<AlternateServer>(v4(), kV4, kBadAddresses);
  expect_codec<ResponseOrigin>(v4(), kV4, kBadAddresses);
  expect_codec<OtherAddress>(v6(), kV6, kBadAddresses);
}

TEST(Attributes, XoredAddresses) {
  expect_codec<XorMappedAddress>(v4(), kXorV4, kBadAddresses);
  expect_codec<XorMappedAddress>(v6(), kXorV6, kBadAddresses);
  expect_codec<XorPeerAddress>({v4()}, kXorV4, kBadAddresses);
  expect_codec<XorPeerAddress>({v6()}, kXorV6, kBadAddresses);
  expect_codec<XorRelayedAddress>({v4()}, kXorV4, kBadAddresses);
}

TEST(Attributes, AddressesIgnoreTheirFirstByte) {
  EXPECT_EQ(MappedAddress::decode(bytes_of_hex("ff018055c0000201"), kId), v4());
}

TEST(Attributes, Texts) {
  const std::string too_long(1528, '6');
  expect_codec<Username>("alice", "616c696365", {too_long});
  expect_codec<Realm>("r", "72", {too_long});
  expect_codec<Nonce>("n", "6e", {too_long});
  expect_codec<Software>("", "", {too_long});
  expect_codec<AlternateDomain>("a.org", "612e6f7267", {std::string(512, '6')});
}

TEST(Attributes, ErrorCode) {
  expect_codec<ErrorCodeAttribute>({stun::ErrorCode::StaleNonce, "Stale"}, "000004265374616c65",
                                   {"", "000004", "00000226", "00000726", "00000464"});
  expect_codec<ErrorCodeAttribute>({static_cast<stun::ErrorCode>(699), ""}, "00000663", {});
}

TEST(Attributes, EveryErrorCodeHasAReason) {
  using enum stun::ErrorCode;
  for (const auto code :
       {TryAlternate, BadRequest, Unauthenticated, Forbidden, UnknownAttribute, AllocationMismatch,
        StaleNonce, AddressFamilyNotSupported, WrongCredentials, UnsupportedTransportProtocol,
        PeerAddressFamilyMismatch, AllocationQuotaReached, RoleConflict, ServerError,
        InsufficientCapacity}) {
    EXPECT_FALSE(reason_phrase(code).empty()) << static_cast<unsigned>(code);
  }
  EXPECT_TRUE(reason_phrase(static_cast<stun::ErrorCode>(499)).empty());
}

TEST(Attributes, UnknownAttributes) {
  expect_codec<UnknownAttributes>({AttributeType::Realm, static_cast<AttributeType>(0x7FFF)},
                                  "00147fff", {"00", "001400"});
  const std::vector<std::byte> forty(80);
  EXPECT_EQ(UnknownAttributes::decode(forty, kId)->size(), 32U);
}

TEST(Attributes, PasswordAlgorithms) {
  using enum PasswordAlgorithmNumber;
  const auto parameters = bytes_of_hex("aabbcc");
  expect_codec<PasswordAlgorithm>({Sha256, {}}, "00020000",
                                  {"", "0002", "00020001", "0002000000", "00020001aabbccddee"});
  expect_codec<PasswordAlgorithms>({{Sha256, {}}, {Md5, {}}}, "0002000000010000",
                                   {"0002", "00020000000100", "00020001"});
  expect_codec<PasswordAlgorithms>({{Sha256, parameters}, {Md5, {}}}, "00020003aabbcc0000010000",
                                   {});
  EXPECT_EQ(PasswordAlgorithms::decode(bytes_of_hex(std::string(72, '0')), kId).error(),
            AttributeError::Malformed);
}

TEST(Attributes, FixedBytes) {
  Userhash::Value hash{};
  hash.fill(std::byte{0xAB});
  std::string hash_hex;
  for (int count = 0; count < 32; ++count) hash_hex += "ab";
  expect_codec<Userhash>(hash, hash_hex, {"", "ab", hash_hex + "ab"});
  expect_codec<ReservationToken>({}, "0000000000000000", {"", "00000000000000"});
}

TEST(Attributes, NumbersAndFlagsOfIce) {
  expect_codec<Priority>(0x6E0001FF, "6e0001ff", {"", "6e0001", "6e0001ff00"});
  expect_codec<IceControlled>(1, "0000000000000001", {"", "00000001"});
  expect_codec<IceControlling>(2, "0000000000000002", {"", "00000002"});
  expect_codec<UseCandidate>({}, "", {"00"});
}

TEST(Attributes, LifetimeAndChannel) {
  expect_codec<Lifetime>(600s, "00000258", {"", "000258", "0000025800"});
  expect_codec<Lifetime>(4'294'967'295s, "ffffffff", {});
  expect_codec<ChannelNumberAttribute>(ChannelNumber::from_wire(0x4FFF).value(), "4fff0000",
                                       {"", "4fff", "3fff0000", "80000000", "4fff000000"});
  EXPECT_TRUE(ChannelNumberAttribute::decode(bytes_of_hex("4000ffff"), kId).has_value());
}

TEST(Attributes, WhatAnAllocateAsksFor) {
  expect_codec<RequestedTransport>(TransportProtocol::Udp, "11000000", {"", "11", "1100000000"});
  expect_codec<RequestedTransport>(static_cast<TransportProtocol>(99), "63000000", {});
  expect_codec<RequestedAddressFamily>(AddressFamily::V6, "02000000", {"", "02"});
  expect_codec<AdditionalAddressFamily>(AddressFamily::V4, "01000000", {"", "0100000000"});
  expect_codec<EvenPort>(PortReservation::EvenAndNext, "80", {"", "8000"});
  expect_codec<EvenPort>(PortReservation::EvenOnly, "00", {});
  expect_codec<DontFragment>({}, "", {"00"});
}

TEST(Attributes, FamiliesOfTheWireAndOfAddresses) {
  EXPECT_EQ(family_of(AddressFamily::V4), Family::V4);
  EXPECT_EQ(family_of(AddressFamily::V6), Family::V6);
  EXPECT_EQ(family_of(static_cast<AddressFamily>(3)), std::nullopt);
  EXPECT_EQ(address_family_of(Family::V6), AddressFamily::V6);
}

TEST(Attributes, DataAndErrorsOfPeers) {
  const auto payload = bytes_of_hex("0102030405");
  EXPECT_EQ(wire_of<Data>(payload), "0102030405");
  EXPECT_EQ(wire_of<Padding>(payload), "0102030405");
  expect_codec<AddressErrorCode>(
      {AddressFamily::V6, stun::ErrorCode::AddressFamilyNotSupported, "no"}, "020004286e6f",
      {"", "02000228"});
  expect_codec<Icmp>({.type = 3, .code = 4, .error = 1400}, "0000060400000578",
                     {"", "00000604", "000006040000057800"});
}

TEST(Attributes, BehaviourDiscovery) {
  expect_codec<ChangeRequest>({.change_ip = true, .change_port = false}, "00000004", {"", "0004"});
  expect_codec<ChangeRequest>({.change_ip = false, .change_port = true}, "00000002", {});
  expect_codec<ResponsePort>(40000, "9c400000", {"", "9c", "9c4000", "9c40000000"});
  EXPECT_EQ(ResponsePort::decode(bytes_of_hex("9c40"), kId), 40000);
}

}  // namespace
}  // namespace icebreaker::stun
