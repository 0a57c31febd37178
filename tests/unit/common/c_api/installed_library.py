"""Installs the library below a temporary directory and builds programs in C and C++ against it through pkg-config:
installed_library.py BUILD_DIR SANITIZERS CC CXX"""

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

C_PROGRAM = """
#include <icebreaker.h>
#include <stdio.h>
int main(void) { return puts(icebreaker_version()) < 0; }
"""
# Touches a virtual class, templates and inline functions: none may need a symbol that the library hides.
CXX_PROGRAM = """
#include <array>
#include <cstdio>
#include "common/crypto/system_random.hpp"
#include "common/stun/attributes.hpp"
#include "common/stun/integrity.hpp"
#include "common/stun/message_builder.hpp"
using namespace icebreaker;
int main() {
  crypto::SystemRandom random;
  std::array<std::byte, 128> buffer{};
  const auto bytes = stun::MessageBuilder{buffer, stun::MessageClass::Request, stun::Method::Binding,
                                          stun::random_transaction_id(random)}
                         .add<stun::Software>("test").add_message_integrity(bytes_of("key")).finish();
  const auto message = stun::MessageView::parse(bytes);
  if (!message || message->get_all<stun::Software>()->size() != 1) return 1;
  if (!stun::verify_message_integrity(*message, bytes_of("key"))) return 1;
  std::puts(SocketAddress::parse("[::1]:3478")->to_string().c_str());
}
"""


def run(command, **options):
    result = subprocess.run(command, capture_output=True, text=True, **options)
    if result.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\nexit status {result.returncode}\n{result.stdout}{result.stderr}")
    return result.stdout


def build_and_run(compiler, source, environment):
    flags = run(["pkg-config", "--cflags", "--libs", "icebreaker"], env=environment).split()
    program = source.with_suffix(".bin")
    run([*compiler, str(source), "-o", str(program), *flags])
    return run([str(program)], env=environment)


def main(build, sanitizer, cc, cxx):
    sanitizers = [] if sanitizer == "none" else [f"-fsanitize={sanitizer}"]
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        run(["meson", "install", "-C", build, "--no-rebuild", "--tags", "devel,libicebreaker", "--destdir", folder])
        environment = os.environ | {
            "PKG_CONFIG_LIBDIR": str(next(work.glob("**/icebreaker.pc")).parent),
            "PKG_CONFIG_SYSROOT_DIR": folder,
            "LD_LIBRARY_PATH": str(next(work.glob("**/libicebreaker.so")).parent),
        }
        environment.pop("PKG_CONFIG_PATH", None)
        (work / "user_c.c").write_text(C_PROGRAM)
        (work / "user_cxx.cpp").write_text(CXX_PROGRAM)

        version = run(["pkg-config", "--modversion", "icebreaker"], env=environment)
        c_output = build_and_run([*shlex.split(cc), "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", *sanitizers],
                                 work / "user_c.c", environment)
        cxx_output = build_and_run([*shlex.split(cxx), "-std=c++23", *sanitizers], work / "user_cxx.cpp", environment)
    assert c_output == version, f"the library says {c_output!r}, its pkg-config file {version!r}"
    assert cxx_output == "[::1]:3478\n", cxx_output


if __name__ == "__main__":
    main(*sys.argv[1:])
