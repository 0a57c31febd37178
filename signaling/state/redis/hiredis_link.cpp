#include "signaling/state/redis/hiredis_link.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace icebreaker::signaling {

HiredisLink::HiredisLink(RedisLinkConfig config, Parts parts)
    : url_{config.url},
      clock_{std::move(parts.clock)},
      core_{std::move(config), *this, parts.random, std::move(parts.notify)},
      commands_{parts.loop, events_of(Wire::Commands)},
      wake_{parts.loop, events_of(Wire::Wake)} {
  timer_.start(parts.loop, [this] { on_timer(); });
}

HiredisWire::Events HiredisLink::events_of(Wire wire) {
  return {.on_opened =
              [this, wire] {
                core_.on_opened(clock_(), wire);
                arm();
              },
          .on_reply =
              [this, wire](WireReply reply) {
                core_.on_reply(clock_(), wire, std::move(reply));
                arm();
              },
          .on_ended =
              [this, wire](RedisWireHandler::End end, const std::string& why) {
                core_.on_ended(clock_(), wire, end, why);
                arm();
              }};
}

void HiredisLink::start() {
  core_.start(clock_());
  arm();
}

void HiredisLink::call(Script script, std::vector<std::string> arguments, Done done) {
  core_.call(clock_(), script, std::move(arguments), std::move(done));
  arm();
}

void HiredisLink::on_timer() {
  armed_.reset();
  core_.on_deadline(clock_());
  arm();
}

// The deadline rarely changes, so that most calls leave the timer alone.
void HiredisLink::arm() {
  const auto next = core_.next_deadline();
  if (next == armed_) return;
  armed_ = next;
  if (!next) return timer_.stop();
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(*next - clock_().mono);
  timer_.set(std::max(wait, std::chrono::milliseconds{0}));
}

void HiredisLink::open(Wire wire) {
  wire_of(wire).open(url_);
}

void HiredisLink::send(Wire wire, std::span<const std::string_view> words) {
  wire_of(wire).send(words);
}

void HiredisLink::close(Wire wire) {
  wire_of(wire).close();
}

}  // namespace icebreaker::signaling
