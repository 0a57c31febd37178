"""Pairs of clients that exchange numbered messages while things break, and what became of the messages."""

import asyncio
import contextlib
import dataclasses
import random

from support.roaming_client import TRANSPORTS, RoamingClient

KINDS = ("websocket", "http", "switching")


@dataclasses.dataclass
class Tally:
    sent: int = 0
    received: int = 0
    missing: int = 0
    repeated: int = 0
    out_of_order: int = 0
    lost_sessions: int = 0
    silent: int = 0  # who did not get the partner's last message
    lost_in_silence: int = 0  # messages that did not come to one that heard of no lost session
    repeated_on_the_wire: int = 0  # what clients dropped by its number
    moves: int = 0  # transports that clients began to use
    complaints: list = dataclasses.field(default_factory=list)

    def add(self, other):
        for field in dataclasses.fields(self):
            name = field.name
            setattr(self, name, getattr(self, name) + getattr(other, name))


class Talker:
    """One of a pair: sends 1, 2, 3 … to the other and writes down what it gets."""

    def __init__(self, http, base, room, kind, seed, on_progress):
        self._random = random.Random(seed)
        self.name = f"{room} {kind} {seed}"
        self._room = room
        self._partner = None
        self.met = asyncio.Event()
        self.sent = 0
        self.got = []
        self.highest = 0
        self.surprises = []
        choice = {"websocket": ["websocket"], "http": ["poll", "events"], "switching": TRANSPORTS}
        self._on_progress = on_progress
        self.client = RoamingClient(http, base, self._on_message, on_taken=on_progress,
                                    transport=self._random.choice(choice[kind]),
                                    switching=kind == "switching", seed=seed)
        self.client.send(type="join", room=room)

    def _on_message(self, message):
        kind = message["type"]
        if kind == "signal":
            self.got.append(message["data"]["number"])
            self.highest = max(self.highest, self.got[-1])
            self._on_progress()
        elif kind == "joined":
            if message["peers"]:
                self._meet(message["peers"][0]["peer"])
        elif kind == "peer-joined":
            self._meet(message["peer"])
        elif kind not in ("peer-away", "peer-back", "ice-servers"):
            self.surprises.append(message)

    def _is_forgivable(self, message):
        """Whose session was made anew may be back in the room before the partner is."""
        return self.client.lost > 0 and message.get("code") in ("no_such_peer", "not_in_room")

    def _meet(self, partner):
        self._partner = partner
        self.met.set()

    async def talk(self, period_s, until):
        """Sends at random moments, once in a period_s on average, until the event is set."""
        await self.met.wait()
        while not until.is_set():
            self.sent += 1
            self.client.send(type="signal", to=self._partner,
                             data={"kind": "number", "number": self.sent})
            try:
                await asyncio.wait_for(until.wait(), self._random.uniform(0.5, 1.5) * period_s)
            except asyncio.TimeoutError:
                pass

    def tally_against(self, partner):
        """What this one got of what the partner sent."""
        seen, repeated, out_of_order, highest = set(), 0, 0, 0
        for number in self.got:
            if number in seen:
                repeated += 1
            elif number < highest:
                out_of_order += 1
            seen.add(number)
            highest = max(highest, number)
        surprises = [each for each in self.surprises if not self._is_forgivable(each)]
        complaints = [f"{self.name}: {each}" for each in self.client.complaints + surprises]
        missing = partner.sent - len(seen)
        return Tally(partner.sent, len(seen), missing, repeated, out_of_order,
                     self.client.lost, int(highest < partner.sent),
                     0 if self.client.lost else missing, self.client.repeated_on_the_wire,
                     self.client.transports_used.total(), complaints)


class Crowd:
    """Pairs; a third of the clients each on WebSocket, long-poll and switching, in all combinations."""

    def __init__(self, http, base, pairs):
        self.pairs = []
        self._progress = asyncio.Event()
        for index in range(pairs):
            kinds = (KINDS[index % 3], KINDS[(index // 3) % 3])
            self.pairs.append(tuple(
                Talker(http, base, f"chaos-{index}", kind, 2 * index + side, self._on_progress)
                for side, kind in enumerate(kinds)))
        self.talkers = [talker for pair in self.pairs for talker in pair]
        self._running = []

    async def meet(self, within_s):
        self._running = [asyncio.create_task(each.client.run()) for each in self.talkers]
        await asyncio.wait_for(asyncio.gather(*(each.met.wait() for each in self.talkers)), within_s)

    async def talk_during(self, trouble, period_s):
        """Everybody talks from now until the coroutine `trouble` is through."""
        over = asyncio.Event()
        talking = [asyncio.create_task(each.talk(period_s, over)) for each in self.talkers]
        try:
            await trouble
        finally:
            over.set()
            await asyncio.gather(*talking)

    def _on_progress(self):
        self._progress.set()

    async def _until(self, condition, within_s):
        """Looks again whenever somebody got something or learned that it was taken."""
        async def look():
            while not condition():
                self._progress.clear()
                await self._progress.wait()

        await asyncio.wait_for(look(), within_s)

    async def hear(self, each, within_s=60):
        """Until the crowd has received that many more messages, `each` a head on average."""
        goal = self._received() + each * len(self.talkers)
        await self._until(lambda: self._received() >= goal, within_s)

    async def all_hear(self, each, within_s=60):
        """Until everybody has received that many more messages."""
        goals = [(talker, len(talker.got) + each) for talker in self.talkers]
        await self._until(lambda: all(len(who.got) >= goal for who, goal in goals), within_s)

    def _received(self):
        return sum(len(each.got) for each in self.talkers)

    async def come_to_rest(self, within_s):
        """Until everybody has the partner's last message, or the time is over: the tally tells."""
        with contextlib.suppress(asyncio.TimeoutError):
            await self._until(self._at_rest, within_s)

    def _at_rest(self):
        return all(here.client.everything_is_taken and here.highest >= there.sent
                   for pair in self.pairs for here, there in (pair, pair[::-1]))

    async def leave(self):
        for talker in self.talkers:
            talker.client.stop()
        await asyncio.wait_for(asyncio.gather(*self._running), 30)

    def tally(self):
        total = Tally()
        for pair in self.pairs:
            for here, there in (pair, pair[::-1]):
                total.add(here.tally_against(there))
        return total
