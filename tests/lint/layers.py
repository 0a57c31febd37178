"""The include table of ARCHITECTURE.md as data: which folder may include what. check_layers.py enforces it."""

from dataclasses import dataclass

STD = frozenset("""
    algorithm any array bit bitset cassert cctype cerrno cfloat charconv chrono cinttypes climits cmath compare complex
    concepts cstddef cstdint cstdio cstdlib cstring deque exception expected forward_list functional initializer_list
    iterator limits list map memory memory_resource new numbers numeric optional queue random ranges ratio regex
    scoped_allocator set source_location span sstream stack stdexcept string string_view system_error tuple type_traits
    typeindex typeinfo unordered_map unordered_set utility valarray variant vector version
    """.split())
C_API_STD = STD | {"stddef.h", "stdint.h"}
HOSTED_STD = STD | frozenset("""
    atomic condition_variable csignal ctime filesystem fstream future iomanip iosfwd iostream istream latch mutex ostream
    semaphore shared_mutex stop_token thread
    """.split())
KERNEL = ("sys/", "linux/", "netinet/", "arpa/", "net/", "unistd.h", "fcntl.h", "poll.h", "netdb.h", "ifaddrs.h", "signal.h",
          "sched.h", "pthread.h", "endian.h", "time.h", "errno.h")

# Each costs seconds an include: these files have it, and no header that others include.
HEAVY = {
    "nlohmann/": ("common/signaling/json_",),
    "toml++/": ("common/service/config_toml.cpp",),
    "CLI/": ("common/service/command_line.cpp",),
    "spdlog/": ("common/service/log.cpp",),
    "prometheus/": ("common/service/metrics.cpp",),
    "jwt.h": ("signaling/server/token_verifier.cpp",),
    "hiredis/": ("signaling/state/redis/hiredis_",),
}
# One counter type may be read by another thread, which is what makes it an atomic.
MAY_BE_IMPURE = ("common/base/check.hpp", "common/base/relaxed_counter.hpp")
MAY_INCLUDE = {"common/base/relaxed_counter.hpp": {"atomic"}}

BASE = ("common/base/",)
PURE_COMMON = BASE + ("common/crypto/", "common/stun/", "common/ice/", "common/signaling/")
COMMON = PURE_COMMON + ("common/net/", "common/service/")


@dataclass(frozen=True)
class Layer:
    folder: str
    project: tuple  # prefixes of project headers, beside the layer's own folder
    system: tuple = ()  # prefixes of system headers, beside the standard library
    std: frozenset = STD
    pure: bool = True  # no clock, no thread, no environment: all of them are arguments


LAYERS = (
    Layer("common/base", ()),
    Layer("common/crypto", BASE, ("openssl/",)),
    Layer("common/stun", BASE + ("common/crypto/",), ("zlib.h",)),
    Layer("common/ice", BASE),
    Layer("common/signaling", BASE, ("nlohmann/",)),
    Layer("common/signaling_client", BASE + ("common/signaling/",)),
    Layer("common/c_api", PURE_COMMON, std=C_API_STD),
    Layer("common/net", BASE, KERNEL + ("libwebsockets.h", "openssl/", "uv.h"), HOSTED_STD, pure=False),
    Layer("common/client_net", BASE + ("common/signaling/", "common/signaling_client/", "common/net/"),
          KERNEL + ("libwebsockets.h", "uv.h"), HOSTED_STD, pure=False),
    Layer("common/service", BASE + ("common/net/",), KERNEL + ("spdlog/", "fmt/", "toml++/", "CLI/", "prometheus/",
                                                               "libwebsockets.h", "systemd/"), HOSTED_STD, pure=False),
    Layer("stun/core", PURE_COMMON),
    Layer("turn/core", PURE_COMMON),
    # The hub drives the state engine through its interface; the engines themselves stay out of its sight.
    Layer("signaling/core", PURE_COMMON + ("signaling/state/state.hpp",)),
    Layer("signaling/state", BASE + ("common/signaling/", "common/net/"), KERNEL + ("uv.h", "hiredis/"), HOSTED_STD, pure=False),
    Layer("stun/server", COMMON + ("stun/core/",), KERNEL, HOSTED_STD, pure=False),
    Layer("turn/server", COMMON + ("turn/core/",), KERNEL, HOSTED_STD, pure=False),
    # Of the engines only what a configuration says and what metrics show.
    Layer("signaling/server", COMMON + ("signaling/core/", "signaling/state/state.hpp", "signaling/state/redis/redis_url.hpp",
                                        "signaling/state/redis/link_stats.hpp"),
          KERNEL + ("jwt.h", "libwebsockets.h", "uv.h", "zlib.h"), HOSTED_STD, pure=False),
)
# Composition roots make the concrete I/O, clock, randomness and state.
MAIN_PROJECT = {"signaling/server/main.cpp": ("signaling/state/",)}
