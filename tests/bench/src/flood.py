"""Behind tests/bench/flood: floods of strangers against one icebreaker-turn, and what each leaves in its memory."""

import argparse
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "process"))

from support.floods import (CONNECTION_FLOODS, DATAGRAM_FLOODS, flood_config, growth_by_connections,
                            growth_by_datagrams, resident)
from support.server import Server
from support.tls import self_signed

MOST_BYTES = 1 << 20


def main():
    parser = argparse.ArgumentParser(prog="tests/bench/flood")
    parser.add_argument("--datagrams", type=int, default=100_000)
    parser.add_argument("--connections", type=int, default=2_500)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        files = self_signed(folder)
        turn = Server("turn", folder, flood_config(files))
        try:
            turn.wait_ready()
            grew = table(turn, files, wanted)
        finally:
            turn.finish()
    return 0 if grew < MOST_BYTES else 1


def table(turn, files, wanted):
    """Prints a line for each flood; the most that one of them left."""
    floods = [(name, wanted.datagrams, growth_by_datagrams(turn, files, name, wanted.datagrams))
              for name in DATAGRAM_FLOODS]
    floods += [(name, wanted.connections, growth_by_connections(turn, [name], wanted.connections))
               for name in CONNECTION_FLOODS]
    print(f"{'flood':42} {'strangers':>9} {'growth, bytes':>13}")
    for name, count, grown in floods:
        print(f"{name:42} {count:9,} {grown:13,}")
    print(f"resident memory at the end: {resident(turn) / 1e6:.1f} MB")
    return max(grown for _, _, grown in floods)


if __name__ == "__main__":
    sys.exit(main())
