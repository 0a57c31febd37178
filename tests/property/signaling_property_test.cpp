// Two clients that lose connections, answers and acknowledgements, change transports at random and
// sit before a state engine that answers late: everything arrives exactly once and in order.
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "tests/support/fake_shell.hpp"

namespace icebreaker::signaling {
namespace {

using namespace icebreaker::testing;

// The client half of the protocol, as a page would have it.
class SimulatedClient {
 public:
  explicit SimulatedClient(FakeShell& shell) : shell_{shell} {}

  void open() {
    const auto request = shell_.open(R"({"type":"hello","protocol":1})");
    welcome_ = std::get<server::Welcome>(shell_.decoded(shell_.response(request)->body).message);
    say(client::Join{"lobby", "", {}});
  }

  [[nodiscard]] const PeerId& peer() const { return welcome_.peer; }

  void say(ClientMessage message) { outstanding_.push_back({++n_, std::move(message)}); }

  void signal(const PeerId& to) {
    say(client::Signal{
        to, R"({"i":)" + std::to_string(signals_said_++) + "}", SignalKind::Other, {}});
  }

  void connect() {
    hang_up();
    socket_ = shell_.connect();
    client::Hello hello;
    hello.resume = client::Resume{welcome_.session, welcome_.epoch, seen_};
    shell_.send(*socket_, {std::nullopt, hello});
    transmitted_ = 0;
    welcomed_ = false;
  }

  // The connection breaks; what was under way to the client is lost.
  void hang_up() {
    if (socket_) shell_.hang_up(*socket_);
    if (poll_ && !shell_.response(*poll_)) shell_.hub().on_request_gone(shell_.now(), *poll_);
    socket_.reset();
    poll_.reset();
  }

  void poll() {
    if (poll_ && !shell_.response(*poll_)) return;
    socket_.reset();  // superseded without a goodbye
    poll_ =
        shell_.poll(welcome_.session.value, std::to_string(welcome_.epoch), std::to_string(seen_));
  }

  enum class Answer { Arrives, IsLost };

  void post(Answer answer) {
    if (post_) return;
    PostBody body{welcome_.epoch, seen_, {}};
    for (const auto& each : outstanding_) body.messages.push_back(encode(each));
    post_ = shell_.post(welcome_.session.value, encode(body));
    post_answer_ = answer;
  }

  // What the transports brought so far.
  void read() {
    read_post();
    if (socket_) {
      for (const std::string& text : shell_.texts(*socket_)) take(text);
      if (shell_.closed(*socket_)) socket_.reset();
    }
    const auto polled = poll_ ? shell_.response(*poll_) : std::nullopt;
    if (!polled) return;
    poll_.reset();
    RC_ASSERT(polled->status == 200 || polled->status == 409);
    if (polled->status != 200) return;
    const auto texts = decode_poll(polled->body).value();
    for (const std::string& text : texts) take(text);
  }

  void transmit() {
    if (!socket_ || !welcomed_ || transmitted_ >= outstanding_.size()) return;
    shell_.send(*socket_, outstanding_[transmitted_++]);
  }

  void acknowledge() {
    if (socket_ && welcomed_) shell_.send(*socket_, {std::nullopt, client::Ack{seen_}});
  }

  [[nodiscard]] bool has_all_of(const SimulatedClient& other) const {
    return signals_heard_ == other.signals_said_ && other.outstanding_.empty();
  }

  [[nodiscard]] bool sees_peer_away() const { return peer_away_; }

 private:
  void read_post() {
    const auto posted = post_ ? shell_.response(*post_) : std::nullopt;
    if (!posted) return;
    post_.reset();
    RC_ASSERT(posted->status == 202);
    if (post_answer_ == Answer::Arrives) settle(decode_received(posted->body).value());
  }

  void settle(SendNo received) {
    while (!outstanding_.empty() && outstanding_.front().n <= received) {
      outstanding_.pop_front();
      if (transmitted_ > 0) --transmitted_;
    }
  }

  void take(const std::string& text) {
    const ServerEnvelope envelope = shell_.decoded(text);
    if (envelope.seq) {
      if (*envelope.seq <= seen_) return;
      RC_ASSERT(*envelope.seq == seen_ + 1);
      seen_ = *envelope.seq;
    }
    if (const auto* welcome = std::get_if<server::Welcome>(&envelope.message)) {
      RC_ASSERT(welcome->resumed);
      settle(welcome->received);
      welcomed_ = true;
    } else if (const auto* ack = std::get_if<server::Ack>(&envelope.message)) {
      settle(ack->n);
    } else if (const auto* signal = std::get_if<server::Signal>(&envelope.message)) {
      RC_ASSERT(signal->data == R"({"i":)" + std::to_string(signals_heard_++) + "}");
    } else if (std::holds_alternative<server::PeerAway>(envelope.message)) {
      RC_ASSERT(!std::exchange(peer_away_, true));
    } else if (std::holds_alternative<server::PeerBack>(envelope.message)) {
      RC_ASSERT(std::exchange(peer_away_, false));
    } else if (const auto* error = std::get_if<server::Error>(&envelope.message)) {
      RC_ASSERT(error->code == ErrorCode::Superseded);
    } else {
      RC_ASSERT(!std::holds_alternative<server::PeerLeft>(envelope.message));
    }
  }

  FakeShell& shell_;
  server::Welcome welcome_;
  std::deque<ClientEnvelope> outstanding_;
  std::size_t transmitted_ = 0;  // of outstanding_, on the open socket
  SendNo n_ = 0;
  Seq seen_ = 0;
  std::optional<ConnectionId> socket_;
  bool welcomed_ = false;
  std::optional<ConnectionId> poll_;
  std::optional<ConnectionId> post_;
  Answer post_answer_ = Answer::Arrives;
  std::uint64_t signals_said_ = 0;
  std::uint64_t signals_heard_ = 0;
  bool peer_away_ = false;
};

class Simulation {
 public:
  Simulation() {
    for (SimulatedClient& each : clients_) {
      each.open();
      each.poll();
      each.post(SimulatedClient::Answer::Arrives);
      each.read();
      each.read();
    }
  }

  void run(const std::vector<std::uint8_t>& script) {
    for (const std::uint8_t step : script)
      act(clients_.at(step % 2), clients_.at(1 - step % 2), step / 2);
  }

  void finish() {
    shell_.state().release();
    for (SimulatedClient& each : clients_) each.connect();
    for (int round = 0; round < 1000 && !done(); ++round) {
      for (SimulatedClient& each : clients_) {
        each.read();
        each.transmit();
        each.acknowledge();
      }
      shell_.advance(100ms);
    }
    RC_ASSERT(done());
    RC_ASSERT(
        shell_.hub().counters().refused.at(static_cast<std::size_t>(ErrorCode::BadSequence)) == 0U);
  }

  void abandon() {
    for (SimulatedClient& each : clients_) each.hang_up();
    shell_.advance(60s);
    shell_.advance(60s);
    RC_ASSERT(shell_.memory().sizes() == MemoryState::Sizes{});
    RC_ASSERT(!shell_.hub().next_deadline());
  }

 private:
  void act(SimulatedClient& one, const SimulatedClient& other, int what) {
    using Answer = SimulatedClient::Answer;
    switch (what % 16) {
      case 0:
        return one.hang_up();
      case 1:
        return one.connect();
      case 2:
        return one.poll();
      case 3:
        return one.post(Answer::Arrives);
      case 4:
        return one.post(Answer::IsLost);
      case 5:
      case 6:
      case 7:
        return one.read();
      case 8:
        return one.acknowledge();
      case 9:
        return shell_.state().delay();
      case 10:
        return shell_.state().release();
      case 11:
        return shell_.state().step();
      case 12:
        return pass_time(what / 16 % 2 == 0 ? 300ms : 3'000ms);
      case 13:
        return one.transmit();
      default:
        return one.signal(other.peer());
    }
  }

  // Never so long that a session could expire: that is another story.
  void pass_time(std::chrono::milliseconds by) {
    absent_ += by;
    if (absent_ > 40s) {
      for (SimulatedClient& each : clients_) each.connect();
      absent_ = 0ms;
    }
    shell_.advance(by);
  }

  bool done() { return clients_[0].has_all_of(clients_[1]) && clients_[1].has_all_of(clients_[0]); }

  FakeShell shell_;
  std::array<SimulatedClient, 2> clients_{SimulatedClient{shell_}, SimulatedClient{shell_}};
  std::chrono::milliseconds absent_{0};
};

RC_GTEST_PROP(Signaling, DeliversExactlyOnceInOrderOverAnyTransports, ()) {
  const auto script = *rc::gen::scale(4.0, rc::gen::arbitrary<std::vector<std::uint8_t>>());

  Simulation simulation;
  simulation.run(script);
  simulation.finish();
  simulation.abandon();
}

}  // namespace
}  // namespace icebreaker::signaling
