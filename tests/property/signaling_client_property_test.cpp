// Whatever the order in which transports open, break, hang and lose what is on the wire: every
// message that either side sends arrives exactly once and in order.
#include <numeric>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "tests/support/client_scene.hpp"

namespace icebreaker::signaling_client {
namespace {

using namespace std::chrono_literals;
using testing::ClientScene;
using testing::ModelSignalServer;
using Sockets = ModelSignalServer::Sockets;
using Http = ModelSignalServer::Http;
using Streams = ModelSignalServer::Streams;
using Confirmations = ModelSignalServer::Confirmations;

enum class Move : std::uint8_t {
  Say,
  Deliver,
  Step,
  Settle,
  Drop,
  LoseWire,
  Wait,
  WaitLong,
  Wake,
  ChangeSockets,
  ChangeHttp,
  ChangeStreams,
  EndStream,
  UseTransports,
  ChangeConfirmations,
  Swallow,
  OverRate,
  Goaway,
  Count,
};

std::vector<int> up_to(int count) {
  std::vector<int> numbers(static_cast<std::size_t>(count));
  std::iota(numbers.begin(), numbers.end(), 1);
  return numbers;
}

class Trial {
 public:
  explicit Trial(TransportChoice choice) : scene_{choice}, choice_{choice} { scene_.start(); }

  void make(Move move) {
    ModelSignalServer& server = scene_.server;
    switch (move) {
      case Move::Say:
        return scene_.say("p2", ++said_);
      case Move::Deliver:
        return scene_.deliver(++delivered_);
      case Move::Step:
        server.step(scene_.now(), scene_.client);
        return;
      case Move::Settle:
        return scene_.settle();
      case Move::Drop:
        return server.drop_connections();
      case Move::LoseWire:
        return server.lose_wire();
      case Move::Wait:
        return scene_.advance(std::chrono::milliseconds{*rc::gen::inRange(1, 3'000)});
      case Move::WaitLong:
        return scene_.advance(20s);
      case Move::Wake:
        return scene_.client.wake(scene_.now());
      case Move::ChangeSockets:
        return change_sockets(static_cast<Sockets>(*rc::gen::inRange(0, 5)));
      case Move::ChangeHttp:
        server.http = *rc::gen::arbitrary<bool>() ? Http::Refused : Http::Works;
        return;
      case Move::ChangeStreams:
        return change_streams(static_cast<Streams>(*rc::gen::inRange(0, 4)));
      case Move::EndStream:
        return server.end_stream();
      case Move::UseTransports:
        return use_other_transports();
      case Move::ChangeConfirmations:
        server.confirmations =
            *rc::gen::arbitrary<bool>() ? Confirmations::GetLost : Confirmations::Arrive;
        return;
      case Move::Swallow:
        server.swallow = 1;
        return;
      case Move::OverRate:
        return refuse_one_batch();
      case Move::Goaway:
        return server.send_unnumbered(signaling::server::Goaway{2s});
      case Move::Count:
        break;
    }
  }

  // Everything works again.
  void recover() {
    ModelSignalServer& server = scene_.server;
    change_sockets(Sockets::Work);
    change_streams(Streams::Work);
    server.http = Http::Works;
    server.confirmations = Confirmations::Arrive;
    server.swallow = 0;
    scene_.advance(90s);
  }

  void check() const {
    RC_ASSERT(scene_.client.state() == ClientState::Open);
    RC_ASSERT(scene_.said() == up_to(said_));
    RC_ASSERT(scene_.heard() == up_to(delivered_));
    RC_ASSERT(scene_.client.unconfirmed() == 0U);
    RC_ASSERT(scene_.server.sessions.size() == 1U);
    RC_ASSERT(scene_.client.counters().connection.anew == 0U);
  }

 private:
  // TCP loses nothing but with the connection.
  void change_sockets(Sockets to) {
    if (scene_.server.sockets == Sockets::Deaf || scene_.server.sockets == Sockets::Mute) {
      scene_.server.lose_wire();
    }
    scene_.server.sockets = to;
  }

  // What a proxy kept back of a stream does not come later.
  void change_streams(Streams to) {
    if (scene_.server.streams == Streams::Kept) scene_.server.lose_wire();
    scene_.server.streams = to;
  }

  void use_other_transports() {
    if (choice_ != TransportChoice::kAny) return;
    const auto which = *rc::gen::inRange(1, 8);
    scene_.client.use_transports(scene_.now(),
                                 {(which & 1) != 0, (which & 2) != 0, (which & 4) != 0});
  }

  // What arrives together is refused from some message on. The client hears of it before it says
  // more: what is under way behind a refused message can overtake it.
  void refuse_one_batch() {
    scene_.settle();
    const ModelSignalServer& server = scene_.server;
    const bool hears = scene_.client.state() == ClientState::Open &&
                       server.sockets == Sockets::Work && server.http == Http::Works &&
                       server.streams == Streams::Work &&
                       server.confirmations == Confirmations::Arrive;
    if (!hears) return;
    const auto& session = scene_.server.session();
    if (!session.socket && !session.stream && !session.poll) return;
    scene_.server.budget = *rc::gen::inRange(0U, 3U);
    for (int i = 0; i < 4; ++i) scene_.say("p2", ++said_);
    scene_.settle();
    scene_.server.budget = UINT32_MAX;
  }

  ClientScene scene_;
  TransportChoice choice_;
  int said_ = 0;
  int delivered_ = 0;
};

void run(TransportChoice choice) {
  const auto moves = *rc::gen::container<std::vector<std::uint8_t>>(
      rc::gen::inRange<std::uint8_t>(0, static_cast<std::uint8_t>(Move::Count)));
  Trial trial{choice};
  for (const std::uint8_t move : moves) trial.make(static_cast<Move>(move));
  trial.recover();
  trial.check();
}

RC_GTEST_PROP(SignalingClient, DeliversOnceAndInOrderWhateverTransportsDo, ()) {
  run(TransportChoice::kAny);
}

RC_GTEST_PROP(SignalingClient, DeliversOnceAndInOrderOverWebSocketAlone, ()) {
  run(TransportChoice::kWebSocketOnly);
}

RC_GTEST_PROP(SignalingClient, DeliversOnceAndInOrderOverEventStreamAlone, ()) {
  run(TransportChoice::kEventStreamOnly);
}

RC_GTEST_PROP(SignalingClient, DeliversOnceAndInOrderOverHttpAlone, ()) {
  run({.web_socket = false});
}

RC_GTEST_PROP(SignalingClient, DeliversOnceAndInOrderOverLongPollAlone, ()) {
  run(TransportChoice::kLongPollOnly);
}

}  // namespace
}  // namespace icebreaker::signaling_client
