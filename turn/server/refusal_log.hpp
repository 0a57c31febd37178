// Requests that were refused for a reason that an operator can do something about.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <system_error>
#include <utility>

#include "common/base/address.hpp"
#include "common/base/time.hpp"
#include "common/service/log.hpp"
#include "turn/core/verdict.hpp"
#include "turn/server/explanation.hpp"

namespace icebreaker::turn {

// Nothing for a success, and for what happens between any client and server.
std::optional<Explanation> explain(const Handled& handled);

// Why no relay port could be bound.
Explanation explain_port_failure(const std::error_code& error);

// Of one worker. Strangers can make refusals at will, so there are only so many lines of each kind
// in a minute; addresses of clients are in those at DEBUG alone.
class RefusalLog {
 public:
  explicit RefusalLog(service::Logger log) : log_{std::move(log)} {}

  void write(MonoTime now, const Handled& handled, const SocketAddress& client);
  void write_port_failure(MonoTime now, const IpAddress& relay, const std::error_code& error);

 private:
  struct Limiter : service::LogLimiter {
    Limiter() : LogLimiter{3, std::chrono::minutes{1}} {}
  };

  Limiter& limiter_of(const Handled& handled);

  service::Logger log_;
  std::array<Limiter, static_cast<std::size_t>(AuthFailure::Count)> by_failure_;
  std::array<Limiter, static_cast<std::size_t>(QuotaRefusal::Count)> by_quota_;
  service::LogLimiter port_warnings_{1, std::chrono::minutes{1}};
};

}  // namespace icebreaker::turn
