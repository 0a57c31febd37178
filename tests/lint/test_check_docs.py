"""Good and bad samples for check_docs.py, against a tree of a few names."""

import pytest
from check_docs import Tree, expand_braces, problems_of


class SmallTree:
    def has(self, path):
        return path in {"deploy/up", "tests/run", "tests/data", "README.md", "docs/more.md", "deploy/images/call.png"}

    def is_script(self, path):
        return path in {"deploy/up", "tests/run"}

    def builds(self, name):
        return name == "icebreaker-turn"

    def help_of(self, _script):
        return {"--detach", "--filter"}

    def anchors_of(self, _file):
        return {"two-commands"}


GOOD = [
    "```sh\ndeploy/up --detach   # until --down\n```",
    "```sh\n$ PORT=8081 deploy/up && curl localhost:8081\n```",
    "```sh\ntests/run unit --filter Relay\n```",
    "```sh\nbuild/release/turn/server/icebreaker-turn --version\n```",
    "```toml\nno/such/command\n```",
    "[more](docs/more.md) ![a call](deploy/images/call.png) [here](#two-commands) [out](https://example.org)",
    "`deploy/up --detach` and `tests/data`",
]

BAD = [
    "```sh\ndeploy/down\n```",
    "```sh\ndeploy/up --fast\n```",
    "```sh\ncurl localhost | make-coffee\n```",
    "```sh\ntests/run tests/nothing\n```",
    "```sh\nbuild/release/turn/server/icebreaker-turm\n```",
    "[more](docs/less.md)",
    "[here](#three-commands)",
    "`deploy/up --fast`",
    "`tests/nothing`",
]


@pytest.mark.parametrize("text", GOOD)
def test_allows(text):
    assert problems_of("README.md", text, SmallTree()) == []


@pytest.mark.parametrize("text", BAD)
def test_refuses(text):
    assert len(problems_of("README.md", text, SmallTree())) == 1


def test_the_real_tree_knows_its_scripts():
    tree = Tree()

    assert tree.is_script("deploy/up")
    assert "--detach" in tree.help_of("deploy/up")
    assert tree.has("tests/lint/*.py")
    assert not tree.has("tests/lint/*.rs")
    assert tree.has("tests/{unit,lint}")


def test_braces_expand():
    assert expand_braces("common/{base,stun}/x") == ["common/base/x", "common/stun/x"]
