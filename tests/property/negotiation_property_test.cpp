// `gen` between people of a room, whatever they send: nothing older than what its reader knows is
// delivered, no candidate before its description, all else once and in order, and little is held.
#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "tests/property/state_driver.hpp"

namespace icebreaker::signaling::testing {
namespace {

constexpr std::uint32_t kPeople = 3;
constexpr std::size_t kMostHeld = 3;  // a quarter of the mailbox

StateConfig test_config() {
  StateConfig config;
  config.mailbox_messages = 4 * kMostHeld;
  return config;
}

struct Sent {
  SignalKind kind = SignalKind::Other;
  std::optional<GenerationNo> gen;
};

// From one to another, since both are in the room together.
struct Way {
  std::vector<Sent> sent;         // by number
  std::vector<std::size_t> came;  // their numbers, as they came
};

// Both ways between two.
struct Pair {
  GenerationNo current = 0;  // the newest that either knows by a description
  std::size_t gone = 0;      // dropped or refused

  void forget() { *this = Pair{}; }
};

class Room {
 public:
  explicit Room(EngineUnderTest& engine) : driver_{engine} {
    for (SessionInfo& person : people_) {
      person = driver_.open().value();
      join(person);
    }
  }

  void step(unsigned action, unsigned from, unsigned to, unsigned how) {
    const std::size_t sender = from % kPeople;
    const std::size_t reader = (sender + 1 + to % (kPeople - 1)) % kPeople;
    if (action % 24 == 0) return come_again(sender);
    if (action % 24 < 5) return read(sender);
    send(sender, reader, how);
    if (action % 24 > 8) read(reader);
  }

  void read_everything() {
    for (std::size_t i = 0; i < kPeople; ++i) read(i);
    for (const auto& [ends, pair] : pairs_) check_held(ends, pair);
  }

 private:
  using Ends = std::pair<std::size_t, std::size_t>;

  void join(SessionInfo& person) {
    const auto joined = driver_.act(person, operation::Join{"room", "", kPeople});
    RC_ASSERT(joined.has_value());
    RC_ASSERT(joined->refusals.empty());
  }

  // Leaves and enters: its negotiations begin anew.
  void come_again(std::size_t who) {
    read_everything();
    RC_ASSERT(driver_.act(people_.at(who), operation::Leave{}).has_value());
    join(people_.at(who));
    for (auto& [ends, way] : ways_) {
      if (ends.first != who && ends.second != who) continue;
      way = Way{};
      pair_of(ends).forget();
    }
  }

  Pair& pair_of(const Ends& ends) { return pairs_[std::minmax(ends.first, ends.second)]; }

  void send(std::size_t from, std::size_t to, unsigned how) {
    Way& way = ways_[{from, to}];
    Pair& pair = pair_of({from, to});
    const std::size_t number = way.sent.size();
    Sent sent{static_cast<SignalKind>(how % 3), std::nullopt};
    if (how % 5 != 0) sent.gen = 1 + how / 5 % 4 + pair.current / 2;
    way.sent.push_back(sent);
    const auto done = driver_.act(
        people_.at(from),
        operation::Signal{people_.at(to).standing.peer,
                          R"({"number":)" + std::to_string(number) + "}", sent.kind, sent.gen});
    RC_ASSERT(done.has_value());
    const bool is_refused = !done->refusals.empty();
    if (is_refused) RC_ASSERT(done->refusals == std::vector{ErrorCode::MailboxFull});
    const bool is_stale = sent.gen && *sent.gen < pair.current;
    RC_ASSERT(!is_stale || done->stale == 1);
    RC_ASSERT(!is_stale || !is_refused);
    RC_ASSERT(sent.gen || done->stale + done->crowded_out == 0);
    const bool describes = sent.kind == SignalKind::Description && sent.gen;
    RC_ASSERT(describes || is_stale || done->stale == 0);
    if (describes && !is_stale && !is_refused) pair.current = *sent.gen;
    pair.gone += done->stale + done->crowded_out + (is_refused ? 1U : 0U);
  }

  // Everything that waits for one, which nothing new comes to meanwhile.
  void read(std::size_t who) {
    const SessionInfo& reader = people_.at(who);
    const auto attached = driver_.attach(reader);
    RC_ASSERT(attached.has_value());
    for (const Frame& frame : attached->delivery.frames) {
      const auto decoded = decode_server(frame.text);
      RC_ASSERT(decoded.has_value());
      if (const auto* signal = std::get_if<server::Signal>(&decoded->message)) {
        take(who, *signal);
      }
    }
    const Seq seen = attached->delivery.first_seq - 1 + attached->delivery.frames.size();
    RC_ASSERT(driver_.acknowledge(reader, seen).has_value());
  }

  void take(std::size_t who, const server::Signal& signal) {
    const auto from = static_cast<std::size_t>(
        std::ranges::find(people_, signal.from,
                          [](const SessionInfo& each) { return each.standing.peer; }) -
        people_.begin());
    Way& way = ways_.at({from, who});
    const std::size_t number = std::stoul(signal.data.substr(signal.data.find(':') + 1));
    const Sent& sent = way.sent.at(number);
    RC_ASSERT(signal.gen == sent.gen);
    RC_ASSERT(std::ranges::count(way.came, number) == 0);
    check_generation(way, sent);
    check_order(way, number);
    way.came.push_back(number);
  }

  static void check_generation(const Way& way, const Sent& sent) {
    if (!sent.gen) return;
    bool is_described = false;
    for (const std::size_t earlier : way.came) {
      const auto& [kind, gen] = way.sent.at(earlier);
      if (!gen || kind != SignalKind::Description) continue;
      RC_ASSERT(*sent.gen >= *gen);
      is_described = is_described || *gen == *sent.gen;
    }
    RC_ASSERT(sent.kind != SignalKind::Candidate || is_described);
  }

  // Candidates may wait and are in order among themselves; so is all else.
  static void check_order(const Way& way, std::size_t number) {
    const auto may_wait = [&](std::size_t of) {
      const Sent& sent = way.sent.at(of);
      return sent.gen && sent.kind == SignalKind::Candidate;
    };
    for (const std::size_t earlier : way.came) {
      const bool is_like = may_wait(earlier) == may_wait(number);
      const bool is_of_its_gen = way.sent.at(earlier).gen == way.sent.at(number).gen;
      if (is_like && (!may_wait(number) || is_of_its_gen)) RC_ASSERT(earlier < number);
    }
  }

  // What neither came nor was dropped is held, and is not much.
  void check_held(const Ends& ends, const Pair& pair) {
    const Way& there = ways_[ends];
    const Way& back = ways_[{ends.second, ends.first}];
    const std::size_t sent = there.sent.size() + back.sent.size();
    const std::size_t settled = there.came.size() + back.came.size() + pair.gone;
    RC_ASSERT(settled <= sent);
    RC_ASSERT(sent - settled <= 2 * kMostHeld);
  }

  StateDriver driver_;
  std::vector<SessionInfo> people_{kPeople};
  std::map<Ends, Way> ways_;
  std::map<Ends, Pair> pairs_;
};

using Steps = std::vector<std::tuple<unsigned, unsigned, unsigned, unsigned>>;

void play(EngineUnderTest& engine, double many) {
  const auto number = rc::gen::resize(rc::kNominalSize, rc::gen::inRange(0U, 840U));
  const auto step = rc::gen::tuple(number, number, number, number);
  const auto steps = *rc::gen::scale(many, rc::gen::container<Steps>(step));
  Room room{engine};
  for (const auto& [action, from, to, how] : steps) room.step(action, from, to, how);
  room.read_everything();
}

RC_GTEST_PROP(Generations, AreKeptApartInMemory, ()) {
  MemoryEngine engine{test_config()};
  play(engine, 4.0);
}

RC_GTEST_PROP(Generations, AreKeptApartInRedis, ()) {
  if (!RedisProcess::is_installed()) RC_DISCARD("redis-server is not installed");
  RedisEngine engine{test_config()};
  play(engine, 1.0);
}

}  // namespace
}  // namespace icebreaker::signaling::testing
