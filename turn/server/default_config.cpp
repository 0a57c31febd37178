#include "turn/server/default_config.hpp"

namespace icebreaker::turn {

const std::string_view kDefaultConfig =
    R"(# icebreaker-turn: a TURN relay. Without users, secrets or the environment variable
# ICEBREAKER_TURN_SECRET (TURN REST secrets, comma-separated) it does not start.

realm = "icebreaker"
workers = 0                      # 0 = one per core

[[listen]]
transport = "udp"                # DTLS too, recognised by its first byte, once [tls] has files
address = "0.0.0.0:3478"

[[listen]]
transport = "udp"
address = "[::]:3478"

[[listen]]
transport = "tcp"                # TLS too, recognised by its first byte, once [tls] has files
address = "0.0.0.0:3478"
proxy_protocol_from = []         # networks whose connections begin with a PROXY header (v1, v2)

[[listen]]
transport = "tcp"
address = "[::]:3478"

# With [tls] also: transport = "tls" and "dtls", both on port 5349.

[tls]                            # TLS 1.2 and 1.3, DTLS 1.2; read again at SIGHUP
certificate_file = ""            # PEM, with its intermediates
key_file = ""                    # PEM, without passphrase

[tcp]
connections = 10000              # open at once, all workers together
connections_per_network = 1000   # of these from one network (/24, /56); 0 = no limit
idle_timeout_s = 60              # without allocation and without a message
message_timeout_s = 10           # for a handshake; without allocation also for each message
unsent_bytes = 262144            # that wait for one client; more data to it is dropped

[dtls]
associations = 10000             # at once, all workers together
associations_per_network = 1000  # of these with one network (/24, /56); 0 = no limit
handshakes = 1000                # in progress, after the cookie
handshakes_per_network = 100     # 0 = no limit
handshake_timeout_s = 10
idle_timeout_s = 60              # without allocation and without a message

[relay]
addresses = []                   # where relay ports are bound; empty = found by itself
external = []                    # what clients are told, when different; one per family
ports = "49152-65535"

[auth]
secrets = []                     # TURN REST secrets, any of them will do; or secrets_file
users = []                       # { name = "alice", password = "..." }; without any secrets
                                 # beside them, clients may hide the name (USERHASH)

[peers]                          # special-purpose networks are refused by default
allow = []                       # networks that override that
deny = []                        # networks to refuse as well; wins over allow

[limits]
allocations_per_user = 10        # 0 = no limit
allocations_per_network = 0      # of one network (/24, /56); 0 = no limit
allocations = 0                  # 0 = no limit
bytes_per_second_per_allocation = 0  # each way, payload; bursts of one second; 0 = no limit
bytes_per_second_per_user = 0    # the same of a user's allocations on one worker; 0 = no limit
permissions_per_allocation = 128
channels_per_allocation = 128
challenges_per_second = 100      # 401s to one network (/24, /56) of each worker; 0 = no limit

[drain]                          # from SIGTERM to the end; a second SIGTERM ends at once
seconds = 10                     # for live allocations to end
alternate = []                   # where new clients are sent then, one address per family

[metrics]
address = "127.0.0.1:9641"       # /metrics /healthz /readyz; section absent = off

[log]
level = "info"
format = "text"                  # text | json
)";

}  // namespace icebreaker::turn
