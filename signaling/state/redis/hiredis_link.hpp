// The Redis engine's connection: LinkCore's logic on two HiredisWires, a timer and the clock.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <uv.h>

#include "common/base/random.hpp"
#include "common/net/uv_handles.hpp"
#include "signaling/state/redis/hiredis_wire.hpp"
#include "signaling/state/redis/link.hpp"
#include "signaling/state/redis/link_core.hpp"

namespace icebreaker::signaling {

class HiredisLink final : public RedisLink, private RedisWires {
 public:
  struct Parts {
    uv_loop_t* loop;
    RandomSource& random;
    std::function<Now()> clock;
    RedisNoticeSink notify;
  };

  // Everything in `parts` outlives the link. Calls that are pending at its end are forgotten.
  HiredisLink(RedisLinkConfig config, Parts parts);

  void set_listener(RedisLinkListener& listener) override { core_.set_listener(listener); }

  // Connects, now and whenever it must; after set_listener.
  void start();

  void call(Script script, std::vector<std::string> arguments, Done done) override;

  [[nodiscard]] bool is_up() const override { return core_.is_up(); }

  [[nodiscard]] std::optional<std::string> unready_reason(Now now) const override {
    return core_.unready_reason(now);
  }

  [[nodiscard]] RedisLinkStats stats() const { return core_.stats(); }

 private:
  void open(Wire wire) override;
  void send(Wire wire, std::span<const std::string_view> words) override;
  void close(Wire wire) override;

  HiredisWire::Events events_of(Wire wire);

  HiredisWire& wire_of(Wire wire) { return wire == Wire::Commands ? commands_ : wake_; }

  void on_timer();
  void arm();

  RedisUrl url_;
  std::function<Now()> clock_;
  LinkCore core_;
  HiredisWire commands_;
  HiredisWire wake_;
  std::optional<MonoTime> armed_;
  net::UvTimer timer_;
};

}  // namespace icebreaker::signaling
