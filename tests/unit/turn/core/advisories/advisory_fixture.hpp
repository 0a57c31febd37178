// A Relay under the tests of past advisories: clients over every kind of link, with relays of
// either family.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "tests/unit/turn/core/relay_fixture.hpp"

namespace icebreaker::turn::test {

inline constexpr std::array kLinkKinds{LinkKind::Socket, LinkKind::Association, LinkKind::Stream};

class AdvisoryFixture : public RelayFixture, public ::testing::WithParamInterface<LinkKind> {
 protected:
  explicit AdvisoryFixture(RelayLimits limits = {}, QuotaLimits quota = {})
      : RelayFixture{limits, quota} {}

  // A client that knows realm and nonce, over this test's kind of link.
  TurnClient linked_client(std::string_view from = "203.0.113.5:40000",
                           std::string_view user = kAlice, std::string_view password = kPassword) {
    TurnClient made = client(from, user, password);
    made.move_to(link_id(GetParam(), ++links_));
    return made;
  }

  TurnClient relaying_client(Family family = Family::V4,
                             std::string_view from = "203.0.113.5:40000") {
    TurnClient made = linked_client(from);
    EXPECT_EQ(error_of(made, allocate_of(made, family)), 0);
    return made;
  }

  static Bytes allocate_of(TurnClient& client, Family family) {
    return client.request(stun::Method::Allocate, [&](stun::MessageBuilder& builder) {
      builder.add<stun::RequestedTransport>(stun::TransportProtocol::Udp);
      builder.add<stun::RequestedAddressFamily>(family == Family::V4 ? stun::AddressFamily::V4
                                                                     : stun::AddressFamily::V6);
    });
  }

  // One attribute more behind all others, whose length counts.
  static Bytes with_trailer(Bytes message, stun::AttributeType type, ByteView value) {
    Bytes attribute(stun::kAttributeHeaderBytes);
    ByteWriter header{attribute};
    header.u16(static_cast<std::uint16_t>(type));
    header.u16(static_cast<std::uint16_t>(value.size()));
    message.insert(message.end(), attribute.begin(), attribute.end());
    message.insert(message.end(), value.begin(), value.end());
    message.resize(stun::padded_to_4(message.size()));
    set_length(message);
    return message;
  }

  static void set_length(Bytes& message) {
    const auto length = static_cast<std::uint16_t>(message.size() - stun::kHeaderBytes);
    ByteWriter{MutableByteView{message}.subspan(2)}.u16(length);
  }

 private:
  std::uint64_t links_ = 0;
};

inline std::string link_name(const ::testing::TestParamInfo<LinkKind>& info) {
  constexpr std::array kNames{"Socket", "Association", "Stream"};
  return kNames.at(static_cast<std::size_t>(info.param));
}

}  // namespace icebreaker::turn::test
