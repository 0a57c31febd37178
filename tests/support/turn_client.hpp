// A TURN client's side of the conversation for tests of the relay's core: builds signed requests
// and learns realm and nonce from challenges. No sockets, no clock.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/address.hpp"
#include "common/base/bytes.hpp"
#include "common/crypto/long_term_key.hpp"
#include "common/crypto/turn_rest.hpp"
#include "common/stun/attributes.hpp"
#include "common/stun/message_builder.hpp"
#include "turn/core/ids.hpp"

namespace icebreaker::turn::test {

using Bytes = std::vector<std::byte>;

inline Bytes copy_of(ByteView view) {
  return {view.begin(), view.end()};
}

inline SocketAddress address(std::string_view text) {
  return SocketAddress::parse(text).value();
}

inline PeerAddress peer(std::string_view text) {
  return {address(text)};
}

inline stun::ChannelNumber channel(std::uint16_t number) {
  return stun::ChannelNumber::from_wire(number).value();
}

class TurnClient {
 public:
  TurnClient(std::string_view from, std::string_view username, std::string_view password)
      : tuple_{LinkId{1}, ClientAddress{address(from)}, address("192.0.2.1:3478")},
        username_{username},
        password_{password} {}

  [[nodiscard]] const FiveTuple& tuple() const { return tuple_; }

  void move_to(LinkId link) { tuple_.link = link; }

  void become(std::string_view username, std::string_view password) {
    username_ = username;
    password_ = password;
  }

  // From now on requests are signed with this realm and nonce.
  void learn(const stun::MessageView& challenge) {
    realm_ = std::string{challenge.get<stun::Realm>().value()};
    nonce_ = std::string{challenge.get<stun::Nonce>().value()};
    const auto algorithms = challenge.find(stun::AttributeType::PasswordAlgorithms);
    algorithms_ = algorithms ? copy_of(*algorithms) : Bytes{};
  }

  void forget_nonce() { nonce_.reset(); }

  void replace_nonce(std::string_view nonce) { nonce_ = std::string{nonce}; }

  [[nodiscard]] const std::optional<std::string>& nonce() const { return nonce_; }

  void replace_realm(std::string_view realm) { realm_ = realm; }

  [[nodiscard]] crypto::Md5Digest key() const {
    return crypto::long_term_key_md5(username_, realm_, password_);
  }

  [[nodiscard]] crypto::Sha256Digest sha256_key() const {
    return crypto::long_term_key_sha256(username_, realm_, password_);
  }

  using Step = std::function<void(stun::MessageBuilder&, const TurnClient&)>;

  // From now on, instead of by USERNAME.
  void name_by(Step name) { name_ = std::move(name); }

  // From now on, instead of by MESSAGE-INTEGRITY.
  void sign_by(Step sign) { sign_ = std::move(sign); }

  void name_by_userhash() {
    name_by([](stun::MessageBuilder& builder, const TurnClient& self) {
      builder.add<stun::Userhash>(crypto::userhash(self.username_, self.realm_));
    });
  }

  // RFC 8489 §9.2.5, with the algorithms of the challenge.
  void sign_by_sha256() {
    sign_by([](stun::MessageBuilder& builder, const TurnClient& self) {
      builder.add_raw(stun::AttributeType::PasswordAlgorithms, self.algorithms_);
      builder.add<stun::PasswordAlgorithm>({stun::PasswordAlgorithmNumber::Sha256, {}});
      builder.add_message_integrity_sha256(self.sha256_key());
    });
  }

  // Signed when a nonce is known; every request has a transaction id of its own.
  template <class Fill>
  Bytes request(stun::Method method, Fill fill) {
    std::array<std::byte, 2048> buffer{};
    stun::MessageBuilder builder{buffer, stun::MessageClass::Request, method, next_id()};
    fill(builder);
    if (nonce_) {
      name_(builder, *this);
      builder.add<stun::Realm>(realm_);
      builder.add<stun::Nonce>(*nonce_);
      sign_(builder, *this);
    }
    return copy_of(builder.finish());
  }

  Bytes request(stun::Method method) {
    return request(method, [](stun::MessageBuilder& /*builder*/) {});
  }

  Bytes allocate() {
    return request(stun::Method::Allocate, [](stun::MessageBuilder& builder) {
      builder.add<stun::RequestedTransport>(stun::TransportProtocol::Udp);
    });
  }

  Bytes refresh(std::chrono::seconds lifetime) {
    return request(stun::Method::Refresh,
                   [&](stun::MessageBuilder& builder) { builder.add<stun::Lifetime>(lifetime); });
  }

  Bytes create_permission(const std::vector<PeerAddress>& peers) {
    return request(stun::Method::CreatePermission, [&](stun::MessageBuilder& builder) {
      for (const PeerAddress& each : peers) builder.add<stun::XorPeerAddress>(each);
    });
  }

  Bytes channel_bind(std::uint16_t number, const PeerAddress& peer) {
    return request(stun::Method::ChannelBind, [&](stun::MessageBuilder& builder) {
      builder.add<stun::ChannelNumberAttribute>(channel(number));
      builder.add<stun::XorPeerAddress>(peer);
    });
  }

  Bytes send_indication(const PeerAddress& peer, std::string_view data) {
    std::array<std::byte, 2048> buffer{};
    stun::MessageBuilder builder{buffer, stun::MessageClass::Indication, stun::Method::Send,
                                 next_id()};
    builder.add<stun::XorPeerAddress>(peer).add<stun::Data>(bytes_of(data));
    return copy_of(builder.finish());
  }

  static Bytes channel_data(std::uint16_t number, std::string_view data,
                            std::size_t padding_bytes = 0) {
    std::array<std::byte, 2048> buffer{};
    ByteWriter out{buffer};
    out.u16(number);
    out.u16(static_cast<std::uint16_t>(data.size()));
    out.bytes(bytes_of(data));
    out.zeros(padding_bytes);
    return copy_of(out.written());
  }

 private:
  stun::TransactionId next_id() {
    ++requests_;
    stun::TransactionId id{};
    ByteWriter out{id};
    out.u32(tuple_.client.value.port);
    out.u64(requests_);
    return id;
  }

  FiveTuple tuple_;
  std::string username_;
  std::string password_;
  std::string realm_;
  std::optional<std::string> nonce_;
  Bytes algorithms_;  // PASSWORD-ALGORITHMS as it was offered
  std::uint64_t requests_ = 0;
  Step name_ = [](stun::MessageBuilder& builder, const TurnClient& self) {
    builder.add<stun::Username>(self.username_);
  };
  Step sign_ = [](stun::MessageBuilder& builder, const TurnClient& self) {
    builder.add_message_integrity(self.key());
  };
};

}  // namespace icebreaker::turn::test
