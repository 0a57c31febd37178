// Whatever people do in queues and rooms, by what a model knows of them: nobody is matched twice,
// with somebody who is not there or does not fit, nor overlooked; rooms hold their capacity.
#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "tests/property/state_driver.hpp"

namespace icebreaker::signaling::testing {
namespace {

constexpr auto kSurelyAway = 5s;  // since the last receive ended
constexpr auto kLooks = 2s;       // so often somebody looks for those whose windows have widened
constexpr const char* kLobby = "lobby";

bool is_of_match(const std::string& room) {
  return room.starts_with("m-");
}

// What one person did and was told.
struct Person {
  SessionInfo session;
  bool lives = false;
  std::optional<ReceiveId> receive;
  MonoTime receive_changed;
  std::string room;
  Role role = Role::Impolite;
  bool waits = false;
  operation::Match ticket;
  MonoTime since;
  std::deque<std::uint32_t> positions;  // to be told
  Seq seen = 0;
  std::string told_match;  // in what was seen
  bool was_unmatched = false;

  [[nodiscard]] std::chrono::nanoseconds absent_for(MonoTime now) const {
    return receive ? 0ns : now - receive_changed;
  }
};

struct Match {
  std::set<Person*> members;
  std::set<Person*> heard;

  [[nodiscard]] bool is_settled() const { return heard == members; }
};

class Crowd {
 public:
  explicit Crowd(EngineUnderTest& engine) : driver_{engine} {}

  void step(unsigned action, unsigned whom, unsigned how) {
    pass_a_second();
    Person& person = people_.at(whom % people_.size());
    if (!person.lives) {
      open(person);
    } else {
      make(person, action, how);
    }
    observe();
  }

 private:
  void pass_a_second() {
    driver_.advance(1s);
    observe();
  }

  void make(Person& person, unsigned action, unsigned how) {
    switch (action % 16) {
      case 0:
        for (unsigned i = 0; i < how % 7; ++i) pass_a_second();
        return;
      case 1:
      case 2:
        return read(person);
      case 3:
      case 4:
        return acknowledge(person);
      case 5:
      case 6:
        return detach(person);
      case 7:
        return cancel(person, how);
      case 8:
        return leave(person);
      case 9:
      case 10:
        return join(person, 2 + how % 2);
      case 11:
        return how % 3 == 0 ? say_bye(person) : read(person);
      default:
        return match(person, how);
    }
  }

  void open(Person& person) {
    const auto opened = driver_.open();
    RC_ASSERT(opened.has_value());
    person = Person{};
    person.session = *opened;
    person.lives = true;
    person.receive_changed = driver_.time();
  }

  void read(Person& person) {
    const auto attached = driver_.attach(person.session);
    RC_ASSERT(attached.has_value());
    if (!person.receive) person.receive_changed = driver_.time();
    person.receive = attached->receive;
    Seq seq = attached->delivery.first_seq;
    for (const Frame& frame : attached->delivery.frames) {
      const auto decoded = decode_server(frame.text);
      RC_ASSERT(decoded.has_value());
      if (seq++ <= person.seen) continue;
      hear(person, decoded->message);
    }
    person.seen = seq - 1;
  }

  static void hear(Person& person, const ServerMessage& message) {
    if (const auto* matching = std::get_if<server::Matching>(&message); matching != nullptr) {
      // One that was unmatched has its old place again.
      if (!std::exchange(person.was_unmatched, false)) {
        RC_ASSERT(!person.positions.empty());
        RC_ASSERT(matching->position == person.positions.front());
        person.positions.pop_front();
      }
    } else if (const auto* matched = std::get_if<server::Matched>(&message)) {
      person.told_match = matched->room;
    } else if (const auto* left = std::get_if<server::PeerLeft>(&message)) {
      person.was_unmatched = left->reason == LeaveReason::Unmatched;
      if (person.was_unmatched) RC_ASSERT(left->room == person.told_match);
    }
  }

  void acknowledge(Person& person) {
    read(person);
    observe();
    RC_ASSERT(driver_.acknowledge(person.session, person.seen).has_value());
    const auto match = matches_.find(person.room);
    if (match != matches_.end() && person.told_match == person.room) {
      match->second.heard.insert(&person);
    }
  }

  void detach(Person& person) {
    if (!person.receive) return;
    driver_.detach(person.session, *person.receive);
    person.receive.reset();
    person.receive_changed = driver_.time();
  }

  // Whether it was done, which must be so unless there is a reason.
  bool is_done(Person& person, Operation operation, std::optional<ErrorCode> reason) {
    const auto done = driver_.act(person.session, std::move(operation));
    RC_ASSERT(done.has_value());
    const auto expected = reason ? std::vector{*reason} : std::vector<ErrorCode>{};
    RC_ASSERT(done->refusals == expected);
    return !reason;
  }

  void match(Person& person, unsigned how) {
    operation::Match wish{how % 5 == 0 ? "go" : "chess", how % 7 == 0 ? 3U : 2U, {}};
    if (how % 3 == 0) wish.attributes.equal["mode"] = how % 2 == 0 ? "1" : "\"1\"";
    if (how % 2 == 0) wish.attributes.rating = 1000.0 + 37.0 * (how / 2 % 8);
    if (how % 4 == 0) wish.attributes.rating_window = 61.5;
    std::optional<ErrorCode> reason;
    if (person.waits) reason = ErrorCode::AlreadyMatching;
    if (!person.room.empty()) reason = ErrorCode::AlreadyJoined;
    const auto ahead = std::ranges::count_if(
        people_, [&](const Person& each) { return each.waits && each.ticket.queue == wish.queue; });
    if (!is_done(person, wish, reason)) return;
    person.positions.push_back(static_cast<std::uint32_t>(ahead + 1));
    person.waits = true;
    person.ticket = wish;
    person.since = driver_.time();
  }

  void cancel(Person& person, unsigned how) {
    const std::string queue = how % 5 == 0 ? "go" : "chess";
    const bool waits = person.waits && person.ticket.queue == queue;
    const auto reason = waits ? std::nullopt : std::optional{ErrorCode::NotMatching};
    if (is_done(person, operation::MatchCancel{queue}, reason)) person.waits = false;
  }

  void join(Person& person, unsigned capacity) {
    const auto seated = seated_in(kLobby);
    std::optional<ErrorCode> reason;
    if (seated != 0 && seated == lobby_capacity_) reason = ErrorCode::RoomFull;
    if (!person.room.empty() || person.waits) reason = ErrorCode::AlreadyJoined;
    if (!is_done(person, operation::Join{kLobby, "", capacity}, reason)) return;
    if (seated == 0) lobby_capacity_ = capacity;
    person.room = kLobby;
  }

  void leave(Person& person) {
    const auto reason = person.room.empty() ? std::optional{ErrorCode::NotInRoom} : std::nullopt;
    if (is_done(person, operation::Leave{}, reason)) stand_up(person);
  }

  void say_bye(Person& person) {
    RC_ASSERT(driver_.act(person.session, operation::Bye{}).has_value());
    stand_up(person);
    person = Person{};
  }

  // By its own will, so that the match goes on without it or is off.
  void stand_up(Person& person) {
    if (const auto match = matches_.find(person.room); match != matches_.end()) {
      if (match->second.is_settled()) {
        match->second.members.erase(&person);
        match->second.heard.erase(&person);
      }
    }
    person.room.clear();
  }

  std::size_t seated_in(const std::string& room) {
    return static_cast<std::size_t>(std::ranges::count(people_, room, &Person::room));
  }

  // What the engine says now, and whether that may be.
  void observe() {
    std::map<std::string, std::vector<Person*>> rooms;
    for (Person& person : people_) {
      if (!person.lives) continue;
      const auto info = driver_.look_up(person.session);
      RC_ASSERT(info.has_value());
      const auto& seat = info->standing.membership;
      const std::string room = seat ? seat->room : "";
      if (room != person.room) move(person, room);
      if (!seat) continue;
      person.role = seat->role;
      rooms[room].push_back(&person);
      RC_ASSERT(rooms[room].size() <= seat->capacity);
    }
    for (const auto& [room, members] : rooms) {
      if (is_of_match(room)) check_match(room, members);
      if (room == kLobby && lobby_capacity_ == 2) check_roles(members);
    }
    check_nobody_is_overlooked();
  }

  // Not by its own will.
  void move(Person& person, const std::string& room) {
    if (!person.room.empty()) {
      const auto match = matches_.find(person.room);
      RC_ASSERT(match != matches_.end());
      RC_ASSERT(!match->second.is_settled());
      person.waits = true;
    }
    RC_ASSERT(person.waits);
    RC_ASSERT(room.empty() || is_of_match(room));
    person.room = room;
  }

  static void check_roles(const std::vector<Person*>& pair) {
    if (pair.size() == 2) RC_ASSERT(pair[0]->role != pair[1]->role);
  }

  void check_match(const std::string& room, const std::vector<Person*>& members) {
    if (!matches_.contains(room)) return check_new_match(room, members);
    const Match& match = matches_.at(room);
    RC_ASSERT(std::set<Person*>(members.begin(), members.end()) == match.members);
    if (match.is_settled()) return;
    // Who is gone before it has heard of the match is nobody's partner.
    for (Person* member : members) {
      const bool is_gone = member->absent_for(driver_.time()) >= kSurelyAway;
      RC_ASSERT(!is_gone || match.heard.contains(member));
    }
  }

  void check_new_match(const std::string& room, const std::vector<Person*>& members) {
    std::vector<Role> roles;
    for (Person* one : members) {
      RC_ASSERT(one->waits);
      RC_ASSERT(one->ticket.size == members.size());
      RC_ASSERT(one->absent_for(driver_.time()) < kSurelyAway);
      for (Person* other : members) RC_ASSERT(one == other || fit(*one, *other, driver_.time()));
      roles.push_back(one->role);
    }
    RC_ASSERT(std::ranges::count(roles, Role::Impolite) == 1);
    for (Person* each : members) each->waits = false;
    matches_[room].members = {members.begin(), members.end()};
  }

  static bool fit(const Person& one, const Person& other, MonoTime now) {
    if (one.ticket.queue != other.ticket.queue || one.ticket.size != other.ticket.size)
      return false;
    const auto& left = one.ticket.attributes;
    const auto& right = other.ticket.attributes;
    if (left.equal != right.equal) return false;
    if (!left.rating || !right.rating) return true;
    const double apart = std::abs(*left.rating - *right.rating);
    for (const Person* each : {&one, &other}) {
      const std::chrono::duration<double> waited = now - each->since;
      const auto window = each->ticket.attributes.rating_window;
      if (window && apart > *window * (1.0 + 0.1 * waited.count())) return false;
    }
    return true;
  }

  void check_nobody_is_overlooked() {
    const MonoTime before = driver_.time() - kLooks;
    std::vector<Person*> ready;
    for (Person& person : people_) {
      const bool is_here = person.receive && person.receive_changed <= before;
      const bool is_in_a_queue = person.waits && person.ticket.size == 2;
      if (is_here && is_in_a_queue && person.since <= before) ready.push_back(&person);
    }
    for (Person* one : ready) {
      for (Person* other : ready) RC_ASSERT(one == other || !fit(*one, *other, before));
    }
  }

  StateDriver driver_;
  std::vector<Person> people_{5};
  std::map<std::string, Match> matches_;
  std::size_t lobby_capacity_ = 0;
};

using Steps = std::vector<std::tuple<unsigned, unsigned, unsigned>>;

Steps some_steps(double many) {
  const auto number = rc::gen::resize(rc::kNominalSize, rc::gen::inRange(0U, 840U));
  const auto step = rc::gen::tuple(number, number, number);
  return *rc::gen::scale(many, rc::gen::container<Steps>(step));
}

void play(EngineUnderTest& engine, const Steps& steps) {
  Crowd crowd{engine};
  for (const auto& [action, whom, how] : steps) crowd.step(action, whom, how);
}

RC_GTEST_PROP(Matching, MakesNoGhostsInMemory, ()) {
  MemoryEngine engine{StateConfig{}};
  play(engine, some_steps(4.0));
}

RC_GTEST_PROP(Matching, MakesNoGhostsInRedis, ()) {
  if (!RedisProcess::is_installed()) RC_DISCARD("redis-server is not installed");
  RedisEngine engine{StateConfig{}};
  play(engine, some_steps(1.0));
}

}  // namespace
}  // namespace icebreaker::signaling::testing
