// A relay with its shell and clients without sockets, driven by numbers: requests with valid
// integrity, packets of peers, time that passes. It keeps books beside the relay's and says when
// the two differ.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <source_location>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/turn_client.hpp"
#include "turn/core/relay.hpp"

namespace icebreaker::turn::test {

using namespace std::chrono_literals;

inline constexpr unsigned kClients = 4;
inline constexpr std::size_t kUserLimit = 3;

class RepeatedRandom final : public RandomSource {
 public:
  void fill(MutableByteView buffer) override {
    for (std::byte& each : buffer) {
      state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
      each = static_cast<std::byte>(state_ >> 56U);
    }
  }

 private:
  std::uint64_t state_ = 1;
};

// The even ones are IPv6.
inline PeerAddress peer_number(unsigned number) {
  if (number % 2 == 0) {
    IpAddress::V6Bytes bytes{std::byte{0x26}, std::byte{0x06}, std::byte{0x47}};
    bytes.back() = static_cast<std::byte>(number / 4);
    return PeerAddress{{IpAddress::from_v6(bytes), static_cast<std::uint16_t>(4000 + number % 4)}};
  }
  return PeerAddress{{IpAddress::from_v4(0x08080800U + number / 2),
                      static_cast<std::uint16_t>(4000 + number % 2)}};
}

// The steps are numbers, so that anything that makes numbers up can drive it.
class RelayWorld {
 public:
  // Told of each promise whether it is kept.
  using Expect = std::function<void(bool, std::source_location)>;

  explicit RelayWorld(Expect expect) : on_promise_{std::move(expect)} {
    for (unsigned index = 0; index < kClients; ++index) {
      clients_.emplace_back("203.0.113.5:" + std::to_string(1000 + index), "alice", "secret");
    }
    for (TurnClient& each : clients_) deliver(each, each.allocate());  // learns the nonce
  }

  void step(unsigned action, unsigned argument) {
    TurnClient& client = clients_.at(argument % kClients);
    const unsigned rest = argument / kClients;
    switch (action % 10) {
      case 0:
        return deliver(client, allocate(client, rest));
      case 1:
        return deliver(client, refresh(client, rest));
      case 2:
        return deliver(client, client.create_permission({peer_number(rest % 8)}));
      case 3:
        return deliver(client, client.channel_bind(static_cast<std::uint16_t>(0x4000 + rest % 4),
                                                   peer_number(rest % 5)));
      case 4:
        return deliver(client, client.send_indication(peer_number(rest % 8), "data"));
      case 5:
        return deliver(client, TurnClient::channel_data(
                                   static_cast<std::uint16_t>(0x4000 + rest % 4), "data"));
      case 6:
        return from_peer(rest);
      case 7:
        fails_ = rest % 3 == 0;
        return;
      case 8:
        return advance(std::chrono::seconds{rest % 400});
      default:
        return deliver(client, Bytes(rest % 40, static_cast<std::byte>(rest)));
    }
  }

  void advance(std::chrono::seconds by) {
    now_.mono += by;
    now_.wall += by;
    relay_.on_deadline(now_, effects_);
    apply();
  }

  void check() const {
    const std::size_t allocations = allocations_with_sockets();
    expect(relay_.allocations() == allocations);
    expect(quota_.total() == allocations);
    expect(allocations <= kUserLimit);
    expect(relay_.next_deadline().has_value() == !open_.empty());
  }

  void check_empty() {
    expect(reservations_.size(now_.mono) == 0U);
    expect(open_.empty());
    expect(relay_.allocations() == 0U);
    expect(quota_.total() == 0U);
    expect(quota_.users() == 0U);
    expect(!relay_.next_deadline().has_value());
    expect(opened_ == closed_);
    expect(made_ == ended_);
    expect(channels_.empty());
  }

 private:
  void expect(bool holds, std::source_location where = std::source_location::current()) const {
    on_promise_(holds, where);
  }

  // In all the forms there are, some of them wrong.
  Bytes allocate(TurnClient& client, unsigned form) {
    return client.request(stun::Method::Allocate, [&](stun::MessageBuilder& builder) {
      builder.add<stun::RequestedTransport>(stun::TransportProtocol::Udp);
      if (form % 3 == 1) builder.add<stun::AdditionalAddressFamily>(stun::AddressFamily::V6);
      if (form % 7 == 2) builder.add<stun::RequestedAddressFamily>(stun::AddressFamily::V6);
      if (form % 5 == 3) builder.add<stun::EvenPort>(stun::PortReservation::EvenOnly);
      if (form % 5 == 4) builder.add<stun::EvenPort>(stun::PortReservation::EvenAndNext);
      if (form % 11 == 5) builder.add<stun::ReservationToken>(last_token_);
    });
  }

  static Bytes refresh(TurnClient& client, unsigned form) {
    return client.request(stun::Method::Refresh, [&](stun::MessageBuilder& builder) {
      builder.add<stun::Lifetime>(std::chrono::seconds{form % 3 * 900});
      if (form % 4 == 1) builder.add<stun::RequestedAddressFamily>(stun::AddressFamily::V4);
      if (form % 4 == 2) builder.add<stun::RequestedAddressFamily>(stun::AddressFamily::V6);
    });
  }

  [[nodiscard]] std::size_t allocations_with_sockets() const {
    std::set<RelayId> relays;
    for (const auto& [relay, family] : open_) relays.insert(relay);
    return relays.size();
  }

  void deliver(TurnClient& client, const Bytes& bytes) {
    const ClientVerdict verdict = relay_.on_client(now_, client.tuple(), bytes, effects_);
    if (const auto* forward = std::get_if<ToPeer>(&verdict)) {
      expect(open_.contains({forward->via, forward->to.value.ip.family()}));
    }
    // Learns nonces as they come, so that most requests get past the authenticator.
    for (const Effect& each : effects_) {
      const auto* reply = std::get_if<effect::Reply>(&each);
      if (reply == nullptr) continue;
      const auto message = stun::MessageView::parse(reply->bytes.view());
      expect(message.has_value());
      if (message->has<stun::Nonce>()) client.learn(*message);
    }
    apply();
  }

  void from_peer(unsigned number) {
    if (open_.empty()) return;
    const RelayId via =
        std::next(open_.begin(), static_cast<std::ptrdiff_t>(number % open_.size()))->first;
    const auto verdict = relay_.on_peer(now_, via, peer_number(number % 8), bytes_of("data"));
    if (const auto* forward = std::get_if<ToClient>(&verdict)) {
      expect(forward->header_bytes <= kMaxClientHeaderBytes);
    }
  }

  void apply() {
    for (std::size_t index = 0; index < effects_.size(); ++index) {
      const Effect effect = effects_[index];
      std::visit([this](const auto& each) { apply(each); }, effect);
    }
    effects_.clear();
  }

  void apply(const effect::OpenRelay& open) {
    const Family family = open.address.family();
    if (fails_ || opened_ % 5 == 4) {
      fails_ = false;
      return relay_.on_relay_failed(now_, open.relay, family, effects_);
    }
    const auto port = static_cast<std::uint16_t>(50000 + 2 * opened_);
    const auto next = static_cast<std::uint16_t>(port + 1U);
    if (open.keep_next) {
      const Reservation reservation{*open.keep_next, open.user, {open.address, next}};
      if (reservations_.hold(now_.mono, reservation) != Hold::Granted) {
        return relay_.on_relay_failed(now_, open.relay, family, effects_);
      }
      last_token_ = *open.keep_next;
    }
    if (open.held_port != 0) reservations_.release({open.address, open.held_port});
    ++opened_;
    expect(open_.insert({open.relay, family}).second);
    relay_.on_relay_opened(now_, open.relay, {open.address, port}, effects_);
  }

  void apply(const effect::CloseRelay& close) {
    ++closed_;
    expect(open_.erase({close.relay, close.family}) == 1U);
    std::erase_if(channels_, [&](const auto& each) {
      return each.first.first == close.relay && each.second == close.family;
    });
  }

  void apply(const effect::BindChannel& bind) {
    const Family family = bind.peer.value.ip.family();
    expect(open_.contains({bind.relay, family}));
    channels_[{bind.relay, bind.channel}] = family;
  }

  void apply(const effect::UnbindChannel& unbind) {
    expect(channels_.erase({unbind.relay, unbind.channel}) == 1U);
  }

  void apply(const effect::AllocationEnded& /*ended*/) { ++ended_; }

  void apply(const effect::Reply& reply) {
    const auto message = stun::MessageView::parse(reply.bytes.view());
    if (!message->has<stun::XorRelayedAddress>()) return;
    expect(message->get_all<stun::XorRelayedAddress>()->size() <= 2U);
    ++made_;
  }

  static RelayRules rules() {
    return {Authenticator{Credentials{{.realm = "example.org", .users = {{"alice", "secret"}}}},
                          NonceSecret{std::byte{1}}},
            PeerPolicy{{}},
            {.permissions_per_allocation = 3, .channels_per_allocation = 3}};
  }

  Expect on_promise_;
  Now now_{MonoTime{} + 1h, WallTime{} + 24h};
  RepeatedRandom random_;
  QuotaLedger quota_{{.allocations_per_user = kUserLimit, .allocations = 0}};
  ReservationLedger reservations_;
  Relay relay_{{.interfaces = {{IpAddress::from_v4(0x0A000001), IpAddress::from_v4(0xC6120009)},
                               {IpAddress::loopback(Family::V6), IpAddress::loopback(Family::V6)}},
                .ports = {}},
               rules(),
               random_,
               quota_,
               reservations_};
  std::vector<TurnClient> clients_;
  Effects effects_;
  bool fails_ = false;
  ReservationToken last_token_{};
  std::set<std::pair<RelayId, Family>> open_;
  std::map<std::pair<RelayId, stun::ChannelNumber>, Family> channels_;
  std::size_t opened_ = 0;
  std::size_t closed_ = 0;
  std::size_t made_ = 0;
  std::size_t ended_ = 0;
};

}  // namespace icebreaker::turn::test
