// What icebreaker-stun serves without --config, and what --print-default-config prints.
#pragma once

#include <string_view>

namespace icebreaker::stun {

inline constexpr std::string_view kDefaultConfig =
    R"(# icebreaker-stun: answers STUN Binding requests (RFC 8489).
workers = 0                        # threads; 0 = one per core

[[listen]]
transport = "udp"                  # udp | tcp
address = "0.0.0.0:3478"
[[listen]]
transport = "udp"
address = "[::]:3478"              # IPv6 only; IPv4 has listeners of its own
[[listen]]
transport = "tcp"
address = "0.0.0.0:3478"
[[listen]]
transport = "tcp"
address = "[::]:3478"

[tcp]
connections = 10000                # open at once, all workers together
idle_timeout_s = 60                # without a request
message_timeout_s = 5              # from a message's first byte to its last

[metrics]
address = "127.0.0.1:9642"         # /metrics /healthz /readyz; without this section: off

[log]
level = "info"                     # debug | info | warn | error
format = "text"                    # text | json
)";

}  // namespace icebreaker::stun
