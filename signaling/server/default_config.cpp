#include "signaling/server/config.hpp"

namespace icebreaker::signaling {
namespace {

constexpr std::string_view kDefaultConfig =
    R"(# icebreaker-signal: rooms, signaling and the web client on one port.

listen = "0.0.0.0:8080"            # the environment's PORT replaces the port
state = "memory"                   # or "redis://[user:password@]host:port/db", or state_file;
                                   # ICEBREAKER_REDIS_URL replaces it
instance = ""                      # begins the name of the wake channel; empty = random
web_root = ""                      # empty = the client that came with the program; "off" = none
allowed_origins = []               # empty = same origin only; ["*"] = any
trusted_proxies = []               # CIDRs whose X-Forwarded-For is believed

[session]
hold_ms = 20000                    # how long a poll without news is held
ping_ms = 25000
away_after_ms = 3000
resume_window_ms = 60000
token_secrets = []                 # sign resume tokens, the first signs; the same on all
                                   # instances; empty = ICEBREAKER_TOKEN_SECRETS, or random
token_lifetime_s = 86400           # a resume token gives a session back for that long

[ice]
stun = ["stun:{host}:3478"]        # {host} = the host name under which the client came

[[ice.turn]]
urls = ["turn:{host}:3478?transport=udp"]
secret = ""                        # empty = the first of ICEBREAKER_TURN_SECRET
ttl_s = 3600

[auth]
mode = "none"                      # "jwt": a session opens with a token signed by one of the keys
issuer = ""                        # the only `iss` that tokens may have; empty = any
audience = ""                      # the `aud` that tokens must name; empty = they must name none
leeway_s = 30                      # for clocks that differ, on exp, nbf and iat
# [[auth.keys]]                    # several at once for rotation
# id = ""                          # the `kid` of its tokens; empty = any
# algorithm = "HS256"              # HS256, RS256 or ES256
# secret_file = "jwt.secret"       # HS256: or secret; at least 32 bytes
# public_key_file = "jwt.pem"      # RS256 and ES256: or public_key

[rooms]
capacity = 2
names = "free"                     # "token": only rooms that the token names

[limits]                           # rates per address prefix (/32, /64) and token's user; 0 = off
opens_per_minute = 120
joins_per_minute = 120             # this and matches: opens_per_minute when left out
matches_per_minute = 120
messages_per_second = 50           # of a user, or of a session without a token
messages_per_second_per_address = 500  # ten times that when left out; hellos, polls and closes count
connections = 0                    # 0 = what the limit of open files allows; above: 503
request_seconds = 30               # for a whole request to come in, a third of it for its head
sessions = 0                       # of all instances; 0 = four for each connection; above: 503

[drain]                            # from SIGTERM to the end; a second SIGTERM ends at once
seconds = 8                        # at most; clients are sent away one by one in 3/4 of it
linger_seconds = 0                 # at least; above what a balancer takes to see /readyz fail

[metrics]
address = "127.0.0.1:9640"         # /metrics /healthz /readyz

[log]
level = "info"
format = "text"
)";

}  // namespace

std::string_view default_signal_config() {
  return kDefaultConfig;
}

}  // namespace icebreaker::signaling
