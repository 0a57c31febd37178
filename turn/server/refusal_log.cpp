#include "turn/server/refusal_log.hpp"

#include <string>
#include <string_view>

#include "common/crypto/turn_rest.hpp"

namespace icebreaker::turn {
namespace {

// "3 h 5 min": the two largest units.
std::string words_of(std::chrono::seconds time) {
  const auto part = [](std::chrono::seconds::rep count, std::string_view unit) {
    return std::to_string(count) + " " + std::string{unit};
  };
  constexpr std::chrono::seconds::rep kMinute = 60;
  constexpr std::chrono::seconds::rep kHour = 60 * kMinute;
  constexpr std::chrono::seconds::rep kDay = 24 * kHour;
  const auto s = time.count();
  if (s >= kDay) return part(s / kDay, "d") + " " + part(s % kDay / kHour, "h");
  if (s >= kHour) return part(s / kHour, "h") + " " + part(s % kHour / kMinute, "min");
  if (s >= kMinute) return part(s / kMinute, "min") + " " + part(s % kMinute, "s");
  return part(s, "s");
}

Explanation explain_unknown_user(std::string_view username) {
  if (crypto::parse_turn_rest_username(username)) {
    return {
        .why = "this is a time-limited user, and this server has no secret to check one with",
        .advice = "set auth.secrets or ICEBREAKER_TURN_SECRET to the signaling server's secret"};
  }
  return {.why = "no user has this name",
          .advice = "add it to auth.users, or correct it where the client gets it from"};
}

Explanation explain_expiry(std::chrono::seconds expired_for) {
  return {
      .why = "the credentials expired " + words_of(expired_for) + " ago by this machine's clock",
      .advice =
          "if the client has just got them, compare `date -u` here and on the signaling "
          "server: one clock is wrong; if not, it must get new ones before they expire"};
}

std::optional<Explanation> explain_failure(const Handled& handled) {
  switch (handled.auth) {
    case AuthFailure::UnknownUser:
      return explain_unknown_user(handled.username);
    case AuthFailure::ExpiredCredential:
      return explain_expiry(handled.expired_for);
    case AuthFailure::WrongRealm:
      return Explanation{
          .why = "the client signed for another realm than this server's",
          .advice =
              "after a change of `realm` this ends by itself; servers behind one address need "
              "the same realm"};
    case AuthFailure::WrongPassword:
      return Explanation{.why = "wrong password",
                         .advice = "compare auth.users with what the client was given"};
    case AuthFailure::WrongSecret:
      return Explanation{
          .why = "none of this server's secrets makes the client's password",
          .advice =
              "give the signaling server and this one the same secret: [[ice.turn]] secret "
              "there, auth.secrets here, or ICEBREAKER_TURN_SECRET on both"};
    case AuthFailure::MissingAttribute:
    case AuthFailure::InvalidUsername:
      return Explanation{.why = "the request is signed, but not as RFC 8489 says",
                         .advice = "a faulty client, or somebody who tries things out"};
    case AuthFailure::AlteredAlgorithms:
      return Explanation{.why = "the password algorithms are not those that this server offered",
                         .advice =
                             "a faulty client, or somebody between it and this server who "
                             "wants a weaker one"};
    case AuthFailure::OtherUser:
      return Explanation{.why = "the client used another user's name for its allocation",
                         .advice = "a faulty client: who allocates must also refresh"};
    case AuthFailure::None:
    case AuthFailure::NoCredentials:
    case AuthFailure::StaleNonce:
    case AuthFailure::Count:
      break;
  }
  return std::nullopt;
}

Explanation explain_quota(QuotaRefusal refusal) {
  switch (refusal) {
    case QuotaRefusal::UserLimit:
      return {.why = "the user holds limits.allocations_per_user allocations already",
              .advice =
                  "a call needs one or two for each address of the client; raise the limit, or "
                  "look for a client that allocates without end"};
    case QuotaRefusal::NetworkLimit:
      return {.why = "the client's network holds limits.allocations_per_network already",
              .advice = "raise the limit if many callers share an address, such as an office's"};
    case QuotaRefusal::ServerLimit:
    case QuotaRefusal::Count:
      break;
  }
  return {.why = "this server holds limits.allocations already",
          .advice = "raise the limit, or add a server"};
}

}  // namespace

std::optional<Explanation> explain(const Handled& handled) {
  if (!handled.error) return std::nullopt;
  if (handled.quota) return explain_quota(*handled.quota);
  return explain_failure(handled);
}

Explanation explain_port_failure(const std::error_code& error) {
  if (error == std::errc::address_in_use) {
    return {.why = "no free port was found in relay.ports",
            .advice = "widen relay.ports, lower limits.allocations, or add a server"};
  }
  if (error == std::errc::too_many_files_open ||
      error == std::errc::too_many_files_open_in_system) {
    return {.why = "this process may not open more sockets",
            .advice = "raise the limit of open files (LimitNOFILE in the systemd unit)"};
  }
  if (error == std::errc::address_not_available) {
    return {.why = "the relay address is not one of this machine, or not any more",
            .advice = "correct relay.addresses and restart"};
  }
  return {.why = "the kernel refused the socket",
          .advice = "check relay.ports, relay.addresses and what the kernel says"};
}

void RefusalLog::write(MonoTime now, const Handled& handled, const SocketAddress& client) {
  if (const auto explanation = explain(handled)) {
    const bool is_full = handled.quota == QuotaRefusal::ServerLimit;
    const service::LogFields fields{
        {"why", explanation->why},
        {"do", explanation->advice},
        {"method", name_of(handled.method)},
        {"error", static_cast<unsigned>(*handled.error)},
        {"reason", handled.quota ? std::string_view{"quota"} : name_of(handled.auth)},
        {"user", handled.username}};
    service::LogLimiter& limiter = limiter_of(handled);
    is_full ? log_.warn_limited(limiter, now, "request refused", fields)
            : log_.info_limited(limiter, now, "request refused", fields);
  }
  // The first request of every client lacks credentials; that is no story.
  if (!handled.error || handled.auth == AuthFailure::NoCredentials) return;
  log_.debug("refused", {{"client", client},
                         {"method", name_of(handled.method)},
                         {"error", static_cast<unsigned>(*handled.error)},
                         {"auth", name_of(handled.auth)},
                         {"user", handled.username},
                         {"expired_for_s", handled.expired_for.count()},
                         {"rule", name_of(handled.refused_by)}});
}

void RefusalLog::write_port_failure(MonoTime now, const IpAddress& relay,
                                    const std::error_code& error) {
  const auto [why, advice] = explain_port_failure(error);
  log_.warn_limited(port_warnings_, now, "cannot bind a relay port",
                    {{"why", why}, {"do", advice}, {"address", relay}, {"error", error}});
}

RefusalLog::Limiter& RefusalLog::limiter_of(const Handled& handled) {
  if (handled.quota) return by_quota_.at(static_cast<std::size_t>(*handled.quota));
  return by_failure_.at(static_cast<std::size_t>(handled.auth));
}

}  // namespace icebreaker::turn
