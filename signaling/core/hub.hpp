// The signaling hub: protocol messages and requests in, effects out. No socket, clock or thread;
// the shell (signaling/server) feeds it, the state engine remembers. Reader's path: transport ->
// decode -> Hub -> state -> deliver -> transport.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/address.hpp"
#include "common/base/random.hpp"
#include "common/base/time.hpp"
#include "common/signaling/messages.hpp"
#include "signaling/core/access.hpp"
#include "signaling/core/counters.hpp"
#include "signaling/core/effects.hpp"
#include "signaling/state/state.hpp"

namespace icebreaker::signaling {

struct HubConfig {
  std::chrono::milliseconds hold{20'000};
  std::chrono::milliseconds ping{25'000};
  std::chrono::milliseconds away_after{3'000};      // as in the engine's StateConfig; announced
  std::chrono::milliseconds resume_window{60'000};  // same
  Limits limits;
  std::uint32_t default_capacity = 2;  // of a room whose first joiner names none
  AccessConfig access;
  // Per address prefix (/32, /64) and user; 0 = off.
  std::uint32_t opens_per_minute = 120;
  std::uint32_t joins_per_minute = 120;
  std::uint32_t matches_per_minute = 120;
  // Per user, or per session where no token names one. A second's messages may come four times over
  // at once: a browser sends its candidates in one burst.
  std::uint32_t messages_per_second = 50;
  std::uint32_t messages_per_second_per_address = 500;
  // Sign resume tokens: the first signs, all verify. Must not be empty.
  std::vector<std::string> token_secrets;
  std::chrono::seconds token_lifetime{std::chrono::hours{24}};
};

// Who is at the other end of a connection or request, as the shell made it out.
struct ClientInfo {
  IpAddress address;  // after trusted proxies
  std::string host;   // of the Host header, without the port; for ICE URLs
};

// Makes a list of ICE servers with credentials for one peer. Called at open, resume, `ice`, and at
// 75 % of the ttl.
class IceServerSource {
 public:
  virtual ~IceServerSource() = default;
  virtual IceServerList ice_servers(Now now, const PeerId& peer, std::string_view host) = 0;
  // Of the lists that it makes now; a session may have got its list from another instance.
  [[nodiscard]] virtual std::chrono::seconds ttl() const = 0;
};

// Parameters of the receive and close requests as they stand in the URL; the hub validates them.
struct UrlParameters {
  std::string_view session;
  std::optional<std::string_view> epoch;
  std::optional<std::string_view> after;
};

// What a hub works with; all outlive it.
struct HubParts {
  State& state;
  IceServerSource& ice;
  const TokenVerifier& tokens;  // asked only with AuthMode::Token
  RandomSource& random;
  EffectSink& out;
};

class Hub final {
 public:
  // The hub makes itself the engine's listener, so an engine serves one hub; after the hub is gone
  // the engine must not complete calls.
  Hub(HubConfig config, HubParts parts);
  ~Hub();
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;
  Hub(Hub&&) = delete;
  Hub& operator=(Hub&&) = delete;

  // WebSocket. The shell sends the ping frames and calls on_ws_closed when a connection ends by
  // itself; it may, but need not, call it for one that the hub closed.
  void on_ws_open(Now now, ConnectionId connection, ClientInfo client);
  void on_ws_message(Now now, ConnectionId connection, std::string_view text);
  // A frame above limits.message_bytes, whose bytes the shell did not keep.
  void on_ws_too_large(Now now, ConnectionId connection);
  void on_ws_closed(Now now, ConnectionId connection);

  // HTTP: every call is answered by one Respond, at once or later, unless the client hangs up first
  // (on_request_gone). The shell answers 404, 405 and 413 for what never gets here.
  void open_session(Now now, ConnectionId request, const ClientInfo& client, std::string_view body);
  void poll(Now now, ConnectionId request, ClientInfo client, const UrlParameters& url);
  // Answered by OpenStream or a refusing Respond; on_request_gone also ends a stream.
  void events(Now now, ConnectionId request, ClientInfo client, const UrlParameters& url);
  void post(Now now, ConnectionId request, const ClientInfo& client, std::string_view session,
            std::string_view body);
  void close_session(Now now, ConnectionId request, const ClientInfo& client,
                     const UrlParameters& url);
  void on_request_gone(Now now, ConnectionId request);

  // Drain: held polls are answered at once, new ones and new sessions get 503; each WebSocket
  // connection and event stream gets `goaway` with a random part of `within` and is closed (1012)
  // when it is over.
  void drain(Now now, std::chrono::milliseconds within);

  void on_deadline(Now now);
  // Includes the state engine's.
  [[nodiscard]] std::optional<MonoTime> next_deadline() const;

  // Rates and limits from a reloaded configuration; holds for what comes next.
  void reconfigure(HubConfig config);

  [[nodiscard]] const HubCounters& counters() const;
  // Open now: WebSocket connections that have a session, held polls, event streams.
  [[nodiscard]] std::size_t receives(Transport transport) const;

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace icebreaker::signaling
