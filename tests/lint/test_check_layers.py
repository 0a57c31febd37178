"""Good and bad samples for check_layers.py."""

import pytest
from check_layers import escape_problems, problems_of

GOOD = [
    ("common/base/address.cpp", '#include "common/base/address.hpp"\n#include <charconv>'),
    ("common/crypto/hmac.cpp", "#include <openssl/hmac.h>"),
    ("common/stun/integrity.cpp", '#include "common/crypto/hmac.hpp"'),
    ("common/net/epoll_io.cpp", "#include <sys/epoll.h>\n#include <thread>"),
    ("common/signaling/json_codec.cpp", "#include <nlohmann/json.hpp>"),
    ("turn/core/relay.cpp", '#include "common/stun/message.hpp"\n// steady_clock::now() is for main'),
    ("turn/core/relay.cpp", "void f(std::chrono::steady_clock::time_point now);"),
    ("turn/server/worker.cpp", '#include "turn/core/relay.hpp"\n#include "common/net/epoll_io.hpp"'),
    ("signaling/server/main.cpp", '#include "signaling/state/memory_state.hpp"'),
    ("signaling/core/hub.cpp", '#include "signaling/state/state.hpp"'),
    ("tests/unit/turn/relay_test.cpp", "#include <thread>\n#include <gtest/gtest.h>"),
]

BAD = [
    ("common/base/address.cpp", "#include <netinet/in.h>"),
    ("common/base/address.cpp", '#include "common/net/sockaddr.hpp"'),
    ("common/crypto/hmac.cpp", '#include "common/stun/message.hpp"'),
    ("common/stun/integrity.cpp", "#include <openssl/hmac.h>"),
    ("common/service/log.hpp", "#include <spdlog/spdlog.h>"),
    ("turn/core/relay.hpp", "#include <sys/socket.h>"),
    ("turn/core/relay.hpp", "#include <mutex>"),
    ("turn/core/relay.hpp", "#include <spdlog/spdlog.h>"),
    ("turn/core/relay.hpp", '#include "common/net/datagram_io.hpp"'),
    ("turn/core/relay.hpp", '#include "stun/core/binding.hpp"'),
    ("turn/core/relay.hpp", '  #  include "turn/server/worker.hpp"'),
    ("turn/core/relay.hpp", '#include "relay_ids.hpp"'),
    ("turn/core/relay.cpp", "const auto now = std::chrono::steady_clock::now();"),
    ("signaling/core/hub.cpp", '#include "signaling/state/memory_state.hpp"'),
    ("signaling/core/hub.cpp", "std::random_device seed;"),
    ("signaling/server/worker.cpp", '#include "signaling/state/memory_state.hpp"'),
    ("turn/server/worker.cpp", "#include <nlohmann/json.hpp>"),
    ("common/signaling/ids.cpp", "#include <nlohmann/json.hpp>"),
    ("helpers/thing.cpp", ""),
]


@pytest.mark.parametrize(("path", "text"), GOOD)
def test_allows(path, text):
    assert problems_of(path, text) == []


@pytest.mark.parametrize(("path", "text"), BAD)
def test_refuses_with_the_line(path, text):
    [problem] = problems_of(path, text)
    assert problem.startswith(f"{path}:1: ")


def test_refuses_a_header_that_carries_a_heavy_one_out_of_its_files():
    files = {
        "common/signaling/json_fields.hpp": "#include <nlohmann/json.hpp>\n",
        "common/signaling/json_encode.cpp": '#include "common/signaling/json_fields.hpp"\n',
        "signaling/core/hub.cpp": '#include "common/signaling/json_fields.hpp"\n',
    }

    [problem] = escape_problems(files)
    assert problem.startswith("signaling/core/hub.cpp:1: ")
