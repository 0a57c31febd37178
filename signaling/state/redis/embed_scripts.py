#!/usr/bin/env python3
"""Writes the C++ file that holds the scripts: embed_scripts.py OUTPUT PRELUDE.lua SCRIPT.lua...

A script with a line `-- needs: a b` gets lib/a.lua and lib/b.lua between the prelude and itself. One that needs `lineage` answers the
mark (see lib/lineage.lua) before what it answers itself.
"""

import re
import sys
from pathlib import Path

# Compilers take string literals of at least this size; a longer script is several of them.
PIECE = 8000
DELIMITER = "lua"


def literal(text):
    assert f"){DELIMITER}\"" not in text, "the script contains the end of a C++ raw string"
    pieces = [text[at:at + PIECE] for at in range(0, len(text), PIECE)]
    return "\n".join(f'R"{DELIMITER}({piece}){DELIMITER}"' for piece in pieces)


def whole(prelude, script):
    own = script.read_text()
    needs = re.search(r"^-- needs: (.*)$", own, re.MULTILINE)
    parts = [script.parent / "lib" / f"{name}.lua" for name in needs[1].split()] if needs else []
    if needs and "lineage" in needs[1].split():
        own = f"local function run()\n{own}\nend\nlocal answer = run()\nif #buried > 0 then flush() end\nreturn {{mark, answer}}\n"
    return "".join([prelude.read_text(), *(part.read_text() for part in parts), own])


def main(output, prelude, *scripts):
    rows = [
        f"    {{.script = Script::{Path(name).stem.capitalize()}, .text = {literal(whole(Path(prelude), Path(name)))}}},"
        for name in scripts]
    Path(output).write_text("\n".join([
        "// Made by embed_scripts.py.",
        "#include <array>",
        '#include "signaling/state/redis/scripts.hpp"',
        "namespace icebreaker::signaling {",
        f"static constexpr std::array<ScriptSource, {len(rows)}> kSources{{{{",
        *rows,
        "}};",
        "std::span<const ScriptSource> script_sources() { return kSources; }",
        "}  // namespace icebreaker::signaling",
        ""]))


if __name__ == "__main__":
    main(*sys.argv[1:])
