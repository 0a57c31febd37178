// A Relay under test with its surroundings: time that moves by advance(), a shell that binds relay
// ports when asked, and every effect at hand.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "common/stun/attributes.hpp"
#include "common/stun/integrity.hpp"
#include "tests/support/turn_client.hpp"
#include "turn/core/relay.hpp"

namespace icebreaker::turn::test {

using namespace std::chrono_literals;

class CountingRandom final : public RandomSource {
 public:
  void fill(MutableByteView buffer) override {
    for (std::byte& each : buffer) each = static_cast<std::byte>(++state_ * 37U);
  }

 private:
  unsigned state_ = 0;
};

// A reply that owns its bytes.
class ReceivedReply {
 public:
  explicit ReceivedReply(ByteView bytes) : bytes_{copy_of(bytes)} {}

  [[nodiscard]] stun::MessageView message() const {
    return stun::MessageView::parse(bytes_).value();
  }

  [[nodiscard]] bool succeeded() const {
    return message().message_class() == stun::MessageClass::SuccessResponse;
  }

  // 0 for a success.
  [[nodiscard]] int error() const {
    const auto error = message().get<stun::ErrorCodeAttribute>();
    return error ? static_cast<int>(error->code) : 0;
  }

  [[nodiscard]] const Bytes& bytes() const { return bytes_; }

 private:
  Bytes bytes_;
};

enum class Shell : std::uint8_t { OpensRelays, FailsRelays, KeepsRelaysWaiting };

class RelayFixture : public ::testing::Test {
 protected:
  static constexpr auto kAlice = "alice";
  static constexpr auto kPassword = "correct horse";
  static constexpr auto kSecret = "shared secret";

  explicit RelayFixture(RelayLimits limits = {}, QuotaLimits quota = {})
      : limits_{limits}, quota_{quota} {
    config_.interfaces = {{ip("10.0.0.1"), ip("198.18.0.9")},
                          {ip("2001:db8::1"), ip("2001:db8::1")}};
    config_.ports = {.first = 50000, .last = 50999};
    relay_ = std::make_unique<Relay>(config_, rules({}), random_, quota_, reservations_);
  }

  static IpAddress ip(std::string_view text) { return IpAddress::parse(text).value(); }

  [[nodiscard]] RelayRules rules(const std::vector<Cidr>& deny) const {
    return {Authenticator{Credentials{{.realm = "example.org",
                                       .users = {{kAlice, kPassword}, {"bob", "b"}},
                                       .rest_secrets = {"old secret", kSecret}}},
                          NonceSecret{std::byte{7}}},
            PeerPolicy{{.allow = {},
                        .deny = deny,
                        .relays = config_.interfaces,
                        .relay_ports = config_.ports,
                        .own_endpoints = {{Cidr::around(ip("198.18.0.9"), 32), 3478}}}},
            limits_};
  }

  void advance(std::chrono::seconds by) {
    now_.mono += by;
    now_.wall += by;
    relay_->on_deadline(now_, effects_);
    run_shell();
  }

  ClientVerdict deliver(const TurnClient& client, const Bytes& bytes) {
    return deliver_from(client.tuple(), bytes);
  }

  ClientVerdict deliver_from(const FiveTuple& from, const Bytes& bytes) {
    const ClientVerdict verdict = relay_->on_client(now_, from, bytes, effects_);
    if (const auto* handled = std::get_if<Handled>(&verdict)) last_handled_ = *handled;
    run_shell();
    return verdict;
  }

  // Delivers and returns the one reply that it must cause.
  ReceivedReply exchange(const TurnClient& client, const Bytes& bytes) {
    replies_.clear();
    deliver(client, bytes);
    EXPECT_EQ(replies_.size(), 1U);
    return replies_.at(0);
  }

  int error_of(const TurnClient& client, const Bytes& bytes) {
    return exchange(client, bytes).error();
  }

  // A client that knows realm and nonce.
  TurnClient client(std::string_view from = "203.0.113.5:40000", std::string_view user = kAlice,
                    std::string_view password = kPassword) {
    TurnClient made{from, user, password};
    made.learn(exchange(made, made.allocate()).message());
    return made;
  }

  TurnClient allocated_client(std::string_view from = "203.0.113.5:40000") {
    TurnClient made = client(from);
    EXPECT_EQ(error_of(made, made.allocate()), 0);
    return made;
  }

  PeerVerdict from_peer(const TurnClient& client, std::string_view peer_address,
                        std::string_view data) {
    return relay_->on_peer(now_, relay_of(client), peer(peer_address), bytes_of(data));
  }

  RelayId relay_of(const TurnClient& client) { return relay_by_client_.at(client.tuple()); }

  template <class E>
  [[nodiscard]] std::vector<E> seen() const {
    std::vector<E> found;
    for (const Effect& each : history_) {
      if (const auto* effect = std::get_if<E>(&each)) found.push_back(*effect);
    }
    return found;
  }

  Now now_{MonoTime{} + 1h, WallTime{} + 24h * 365};
  Shell shell_ = Shell::OpensRelays;
  std::optional<Family> failing_family_;
  RelayConfig config_;
  CountingRandom random_;
  RelayLimits limits_;
  QuotaLedger quota_;
  ReservationLedger reservations_;
  std::unique_ptr<Relay> relay_;
  Effects effects_;
  std::vector<Effect> history_;
  std::vector<ReceivedReply> replies_;
  std::unordered_map<FiveTuple, RelayId> relay_by_client_;
  FiveTuple last_client_;
  Handled last_handled_;  // its username lives as long as the request
  std::uint16_t next_port_ = 50000;

  void run_shell() {
    for (std::size_t index = 0; index < effects_.size(); ++index) {
      const Effect effect = effects_[index];
      history_.push_back(effect);
      if (const auto* reply = std::get_if<effect::Reply>(&effect)) {
        replies_.emplace_back(reply->bytes.view());
        last_client_ = reply->to;
      }
      if (const auto* open = std::get_if<effect::OpenRelay>(&effect)) open_relay(*open);
    }
    effects_.clear();
  }

 private:
  void open_relay(const effect::OpenRelay& open) {
    if (shell_ == Shell::KeepsRelaysWaiting) return;
    const Family family = open.address.family();
    if (shell_ == Shell::FailsRelays || failing_family_ == family) {
      return relay_->on_relay_failed(now_, open.relay, family, effects_);
    }
    const std::uint16_t port = open.held_port != 0 ? open.held_port : next_port_++;
    if (open.keep_next) {
      reservations_.hold(now_.mono, {*open.keep_next, open.user, {open.address, next_port_++}});
    }
    if (open.held_port != 0) reservations_.release({open.address, port});
    relay_->on_relay_opened(now_, open.relay, {open.address, port}, effects_);
    if (const auto* reply = std::get_if<effect::Reply>(&effects_.back())) {
      relay_by_client_[reply->to] = open.relay;
    }
  }
};

}  // namespace icebreaker::turn::test
