"""Good and bad samples for check_style.py."""

import pytest
from check_style import problems_of

GOOD = [
    ("turn/core/relay.cpp", "int answer();\n" * 400),
    ("tests/process/support/waiting.py", "time.sleep(0.01)\n"),
    ("web/src/call.js", "await delay(100);\n"),
    ("README.md", "a to-do list\n"),
]

BAD = [
    ("turn/core/relay.cpp", "int answer();\n" * 401),
    ("turn/core/relay.cpp", "// TODO: answer\n"),
    ("tests/process/test_turn.py", "time.sleep(1)\n"),
    ("tests/unit/turn/relay_test.cpp", "std::this_thread::sleep_for(1s);\n"),
    ("tests/e2e/call.test.mjs", "await page.waitForTimeout(500);\n"),
    ("web/style.css", "a { }  \n"),
    ("meson.build", "subdir('web')"),
]


@pytest.mark.parametrize(("path", "text"), GOOD)
def test_allows(path, text):
    assert problems_of(path, text) == []


@pytest.mark.parametrize(("path", "text"), BAD)
def test_refuses(path, text):
    assert len(problems_of(path, text)) == 1
