"""Compares what libicebreaker.so exports with the committed list: exported_symbols.py NM LIBRARY LIST [--update]"""

import difflib
import re
import subprocess
import sys
from pathlib import Path

# Whether the compiler emits weak symbols depends on sanitizers and optimisation, so only strong definitions are compared
# by name; the weak ones may be nothing but type information and constants of our own.
STRONG = set("TDRBA")
ALLOWED_WEAK = re.compile(r"(vtable for |typeinfo for |typeinfo name for )icebreaker::|icebreaker::(\w+::)*k[A-Z]\w*$")
VERSION_NODE = "ICEBREAKER_0"


def exported(nm, library):
    """(kind, name) of each definition, demangled, without its version."""
    output = subprocess.run([nm, "-D", "--defined-only", "-C", library], check=True, capture_output=True, text=True).stdout
    for line in output.splitlines():
        kind, name = re.match(r"[0-9a-f]* +(\S) (.*)", line).groups()
        name = re.sub(r"@+\w+$", "", name)
        if name != VERSION_NODE:
            yield kind, name


def main(nm, library, committed, *options):
    symbols = list(exported(nm, library))
    strong = sorted({name for kind, name in symbols if kind in STRONG and not ALLOWED_WEAK.match(name)})
    leaks = sorted({f"{kind} {name}" for kind, name in symbols if kind not in STRONG and not ALLOWED_WEAK.match(name)})
    path = Path(committed)
    if "--update" in options:
        path.write_text("".join(name + "\n" for name in strong))
    listed = path.read_text().splitlines()
    difference = list(difflib.unified_diff(listed, strong, "committed", "built", lineterm="", n=0))
    if difference:
        print(f"libicebreaker.so does not export what {path.name} says:", *difference, sep="\n")
        print(f"\nIf that is meant, update the list:\n  {' '.join(map(str, sys.argv))} --update")
    if leaks:
        print("weak symbols that must not leave the library (inline functions, templates, third parties):", *leaks, sep="\n")
    return 1 if difference or leaks or not strong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
