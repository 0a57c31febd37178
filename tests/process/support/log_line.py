"""The servers' text log: `2026-01-02T03:04:05.678Z INFO turn: ready key=value key="two words"`."""

import dataclasses
import re

_LINE = re.compile(r"^(?P<time>\S+Z) (?P<level>[A-Z]+) (?P<area>[^\s:]+): (?P<message>.*)$")
_PAIR = re.compile(r'(?:^|\s)([\w.-]+)=("(?:[^"\\]|\\.)*"|\S*)')


@dataclasses.dataclass(frozen=True)
class LogLine:
    time: str
    level: str
    area: str
    message: str

    @classmethod
    def parse(cls, text):
        found = _LINE.match(text)
        return cls(**found.groupdict()) if found else None

    @property
    def event(self):
        """The first word of the message."""
        return self.message.split(" ", 1)[0]

    @property
    def fields(self):
        return {key: value[1:-1] if value[:1] == '"' else value
                for key, value in _PAIR.findall(self.message)}
