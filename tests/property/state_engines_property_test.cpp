// The state engines are one: whatever is done, clients of the Redis engine see exactly what clients
// of the memory engine see. Names that are random are compared by their first appearance.
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "tests/unit/signaling/state/memory_engine.hpp"
#include "tests/unit/signaling/state/redis_engine.hpp"

namespace icebreaker::signaling::testing {
namespace {

// What is due never falls on the second at which something is done, nor two things together: one
// engine acts to the moment, the other at the next second.
StateConfig test_config() {
  StateConfig config;
  config.away_after = 3'250ms;
  config.resume_window = 20'500ms;
  config.tombstone = 30'750ms;
  config.mailbox_messages = 12;
  config.mailbox_bytes = 1'500;
  return config;
}

constexpr std::string_view kMatchedRoom = "m-";  // and 20 digits
constexpr std::size_t kMatchedRoomLength = 22;

// Choices from one random number, as many as are wanted.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_{seed} {}

  std::uint64_t roll(std::uint64_t sides) { return engine_() % sides; }

  bool one_in(std::uint64_t sides) { return roll(sides) == 0; }

 private:
  std::mt19937_64 engine_;
};

class World : public StateListener {
 public:
  // What sessions begin with, mostly: a room, or the search for a match.
  enum class Taste : std::uint8_t { Rooms, Matches };

  World(EngineUnderTest& engine, Taste taste) : engine_{engine}, matches_{taste == Taste::Matches} {
    engine.state().set_listener(*this);
  }

  void on_wake(Now /*now*/, const SessionId& session, ReceiveId receive) override {
    hints_.insert("wake " + name(session) + " " + std::to_string(receive.value));
  }

  void on_receive_ended(Now /*now*/, const SessionId& session, ReceiveId receive,
                        End end) override {
    hints_.insert("end " + name(session) + " " + std::to_string(receive.value) + " " +
                  std::to_string(static_cast<int>(end)));
  }

  void step(unsigned action, std::uint64_t argument) {
    Dice dice{argument};
    engine_.advance(1s);
    Client& client = clients_.at(dice.roll(clients_.size()));
    if (client.is_gone && !dice.one_in(4)) return open(client, dice);
    if (client.sessions.empty()) return;
    switch (action % 16) {
      case 0:
        return engine_.advance(std::chrono::seconds{dice.roll(2) * dice.roll(25)});
      case 1:
        return dice.one_in(3) ? open(client, dice) : attach(client, dice);
      case 2:
        return resume(client, dice);
      case 3:
      case 4:
      case 5:
        return attach(client, dice);
      case 6:
        return fetch(client, dice);
      case 7:
        return engine_.state().detach(engine_.now(), client.session().session,
                                      ReceiveId{client.receive.value - dice.roll(2)});
      case 8:
        return dice.one_in(4) ? close(client) : charge(dice);
      default:
        return submit(client, dice);
    }
  }

  // What was told since the last time.
  void note_hints() {
    engine_.settle();
    for (const std::string& hint : hints_) note(hint);
    hints_.clear();
  }

  void read_everything() {
    for (Client& client : clients_) {
      engine_.advance(1s);
      if (!client.sessions.empty()) attach(client, Dice{0});
      note_hints();
    }
  }

  [[nodiscard]] const std::vector<std::string>& transcript() const { return transcript_; }

 private:
  struct Client {
    std::vector<SessionInfo> sessions;  // the newest last
    ReceiveId receive;
    Seq seen = 0;
    bool is_gone = true;

    SessionInfo& session() { return sessions.back(); }
  };

  void open(Client& client, Dice& dice) {
    OpenRequest request{dice.one_in(2) ? "alice" : "", "same", "granted", std::nullopt};
    if (!client.sessions.empty() && !dice.one_in(4)) {
      request.recreate = client.session().standing;
      if (dice.one_in(3)) request.recreate->membership.reset();
      if (dice.one_in(3)) {
        request.recreate->membership = {some_room(dice), "Re", Role::Polite, 2};
      }
    }
    engine_.state().open(
        engine_.now(), request, [&](Now, std::expected<SessionInfo, StateError> opened) {
          if (!opened) return note_error("open", opened.error());
          peers_.emplace(opened->standing.peer.value, "P" + std::to_string(peers_.size()));
          sessions_.emplace(opened->session, "S" + std::to_string(sessions_.size()));
          client = {{*opened}, {}, 0};
          note("opened " + text_of(*opened));
        });
    engine_.settle();
  }

  void resume(Client& client, Dice& dice) {
    const SessionInfo session = client.session();
    ResumeRequest request{session.session, session.epoch + (dice.one_in(20) ? 1 : 0), {}};
    if (dice.one_in(2)) request.after = client.seen + (dice.one_in(10) ? 3 : 0);
    engine_.state().resume(engine_.now(), request,
                           [&](Now, std::expected<SessionInfo, StateError> resumed) {
                             if (!resumed) return note_error("resume", resumed.error());
                             client.session().standing = resumed->standing;
                             note("resumed " + text_of(*resumed));
                           });
    engine_.settle();
  }

  void attach(Client& client, Dice dice) {
    const auto mode = dice.one_in(2) ? ReceiveMode::Poll : ReceiveMode::Stream;
    AttachRequest request{{client.session().session, client.session().epoch, {}}, mode};
    if (!dice.one_in(3)) request.resume.after = client.seen;
    engine_.state().attach(
        engine_.now(), request, [&](Now, std::expected<Attached, StateError> attached) {
          if (!attached) return note_error("attach", attached.error());
          client.receive = attached->receive;
          client.session().standing = attached->standing;
          note("attached " + std::to_string(attached->receive.value) + " ice " +
               std::to_string(attached->ice_age.count()) + " " + text_of(attached->standing));
          take(client, attached->delivery);
        });
    engine_.settle();
  }

  void fetch(Client& client, Dice& dice) {
    const auto mode = dice.one_in(2) ? ReceiveMode::Poll : ReceiveMode::Stream;
    const FetchRequest request{client.session().session, client.receive, client.seen, mode};
    engine_.state().fetch(engine_.now(), request,
                          [&](Now, std::expected<Delivery, StateError> delivery) {
                            if (!delivery) return note_error("fetch", delivery.error());
                            take(client, *delivery);
                          });
    engine_.settle();
  }

  void close(Client& client) {
    engine_.state().close(engine_.now(), client.session().session, client.session().epoch,
                          [&](Now, std::expected<Submitted, StateError> closed) {
                            if (!closed) return note_error("close", closed.error());
                            note("closed");
                          });
    engine_.settle();
  }

  void charge(Dice& dice) {
    std::vector<RateCharge> charges;
    charges.push_back({"open", static_cast<std::uint32_t>(dice.roll(3)), {3, 10s, 1}});
    charges.push_back({"join", 1, {static_cast<std::uint32_t>(dice.roll(3)), 10s, 2}});
    engine_.state().charge(
        engine_.now(), charges,
        [&](Now, std::expected<std::optional<std::chrono::milliseconds>, StateError> wait) {
          if (!wait) return note_error("charge", wait.error());
          note("charged " + std::to_string(wait->value_or(-1ms).count()));
        });
    engine_.settle();
  }

  void submit(Client& client, Dice& dice) {
    const SessionInfo& session = client.session();
    Submission submission{session.session, session.epoch, {}, {}};
    if (dice.one_in(2)) submission.ack = client.seen;
    SendNo n = session.received;
    for (std::uint64_t i = dice.roll(3) + 1; i > 0; --i) {
      // Now and then a duplicate or a gap, or a message of the hub's own.
      const std::uint64_t how = dice.roll(12);
      std::optional<SendNo> number = how == 0 ? n : how == 1 ? n + 2 : ++n;
      if (how == 2) number.reset();
      submission.operations.push_back(
          {number, n == 1 ? some_beginning(dice) : some_operation(dice)});
    }
    engine_.state().submit(engine_.now(), std::move(submission),
                           [&](Now, std::expected<Submitted, StateError> submitted) {
                             client.is_gone = !submitted;
                             if (!submitted) return note_error("submit", submitted.error());
                             client.session().received = submitted->received;
                             note("submitted " + text_of(*submitted));
                           });
    engine_.settle();
  }

  Operation some_beginning(Dice& dice) {
    if (dice.one_in(4) != matches_) return some_match(dice);
    return operation::Join{some_room(dice), "Ann", dice.one_in(3) ? 2U : 3U};
  }

  Operation some_operation(Dice& dice) {
    switch (dice.roll(24)) {
      case 0:
        return operation::Answer{
            R"({"type":"match-cancelled","queue":"answer"})",
            dice.one_in(2) ? operation::Answer::Ice::Fresh : operation::Answer::Ice::None};
      case 1:
      case 2:
      case 3:
        return operation::Join{some_room(dice), dice.one_in(2) ? "Änn \"/\\" : "",
                               static_cast<std::uint32_t>(2 + dice.roll(2))};
      case 4:
        return operation::Leave{};
      case 5:
      case 6:
        return some_match(dice);
      case 7:
        return operation::MatchCancel{dice.one_in(2) ? "chess" : "go"};
      case 8:
        return operation::Watch{{"alice", "bob"}};
      case 9:
        return operation::Unwatch{{"alice"}};
      case 10:
        if (dice.one_in(3)) return operation::Bye{};
        [[fallthrough]];
      default:
        return some_signal(dice);
    }
  }

  Operation some_signal(Dice& dice) {
    Client& target = clients_.at(dice.roll(clients_.size()));
    operation::Signal signal;
    signal.to.value = target.sessions.empty() ? "nobody" : target.session().standing.peer.value;
    signal.data = dice.one_in(8) ? R"({"long":")" + std::string(400, 'x') + "\"}" : R"({"a":"b"})";
    signal.kind = static_cast<SignalKind>(dice.roll(3));
    if (!dice.one_in(3)) signal.gen = 1 + dice.roll(4);
    return signal;
  }

  static Operation some_match(Dice& dice) {
    operation::Match match{
        dice.one_in(4) ? "go" : "chess", static_cast<std::uint32_t>(dice.one_in(5) ? 3 : 2), {}};
    if (dice.one_in(5)) match.attributes.equal["mode"] = dice.one_in(2) ? "1" : "\"1\"";
    if (dice.one_in(2)) match.attributes.rating = 1000.0 + 37.0 * static_cast<double>(dice.roll(8));
    if (dice.one_in(2)) match.attributes.rating_window = 61.5;
    return match;
  }

  static std::string some_room(Dice& dice) { return dice.one_in(12) ? "attic" : "lobby"; }

  void take(Client& client, const Delivery& delivery) {
    note("from " + std::to_string(delivery.first_seq) +
         (delivery.standing ? " token " + text_of(*delivery.standing) : ""));
    for (const Frame& frame : delivery.frames) {
      const auto decoded = decode_server(frame.text);
      RC_ASSERT(decoded.has_value());
      note("  " + std::to_string(static_cast<int>(frame.kind)) + " " + encode(decoded->message));
    }
    client.seen = delivery.first_seq - 1 + delivery.frames.size();
  }

  void note_error(const std::string& what, StateError error) {
    note(what + ": error " + std::to_string(static_cast<int>(error)));
  }

  // Random names by the order in which they first appear.
  void note(std::string line) {
    for (const auto& [peer, name] : peers_) line = replaced(std::move(line), peer, name);
    for (auto at = line.find(kMatchedRoom); at != std::string::npos;
         at = line.find(kMatchedRoom, at + 1)) {
      const std::string room = line.substr(at, kMatchedRoomLength);
      const auto entry = rooms_.emplace(room, "R" + std::to_string(rooms_.size())).first;
      line = replaced(std::move(line), room, entry->second);
    }
    transcript_.push_back(std::move(line));
  }

  static std::string replaced(std::string line, const std::string& from, const std::string& to) {
    for (auto at = line.find(from); at != std::string::npos; at = line.find(from, at)) {
      line.replace(at, from.size(), to);
    }
    return line;
  }

  std::string name(const SessionId& session) { return sessions_[session]; }

  static std::string text_of(const Standing& standing) {
    std::string text = standing.peer.value + "/" + standing.user + "/" + standing.grants;
    if (const auto& in = standing.membership) {
      text += " in " + in->room + "/" + in->name + "/" +
              std::to_string(static_cast<int>(in->role)) + "/" + std::to_string(in->capacity);
    }
    return text;
  }

  static std::string text_of(const SessionInfo& info) {
    return std::to_string(info.acked) + " " + std::to_string(info.received) + " " +
           text_of(info.standing);
  }

  static std::string text_of(const Submitted& submitted) {
    std::string text = std::to_string(submitted.received) + " expected " +
                       std::to_string(submitted.expected.value_or(0)) + " duplicates " +
                       std::to_string(submitted.duplicates) + " stale " +
                       std::to_string(submitted.stale) + " crowded out " +
                       std::to_string(submitted.crowded_out);
    for (const ErrorCode code : submitted.refusals) text += " " + std::string{name_of(code)};
    return text;
  }

  EngineUnderTest& engine_;
  bool matches_;
  std::vector<Client> clients_{3};
  std::map<std::string, std::string> peers_;
  std::map<SessionId, std::string> sessions_;
  std::map<std::string, std::string> rooms_;
  std::set<std::string> hints_;
  std::vector<std::string> transcript_;
};

using Steps = std::vector<std::pair<unsigned, std::uint64_t>>;

std::vector<std::string> transcript_of(EngineUnderTest& engine, World::Taste taste,
                                       const Steps& steps) {
  World world{engine, taste};
  for (const auto& [action, argument] : steps) {
    world.step(action, argument);
    world.note_hints();
  }
  world.read_everything();
  return world.transcript();
}

RC_GTEST_PROP(StateEngineProperties, ClientsCannotTellTheEnginesApart, ()) {
  if (!RedisProcess::is_installed()) RC_DISCARD("redis-server is not installed");
  const auto step = rc::gen::resize(
      rc::kNominalSize,
      rc::gen::pair(rc::gen::inRange(0U, 16U), rc::gen::arbitrary<std::uint64_t>()));
  const auto steps = *rc::gen::scale(4.0, rc::gen::container<Steps>(step));
  const auto taste = *rc::gen::element(World::Taste::Rooms, World::Taste::Matches);
  MemoryEngine memory{test_config()};
  RedisEngine redis{test_config()};

  const auto expected = transcript_of(memory, taste, steps);
  const auto seen = transcript_of(redis, taste, steps);

  for (std::size_t i = 0; i < std::min(expected.size(), seen.size()); ++i) {
    if (expected[i] != seen[i])
      RC_LOG() << "line " << i << "\nmemory: " << expected[i] << "\nredis:  " << seen[i];
    RC_ASSERT(expected[i] == seen[i]);
  }
  RC_ASSERT(expected.size() == seen.size());
}

}  // namespace
}  // namespace icebreaker::signaling::testing
