"""Pairs of clients that exchange numbered messages while things break, and what became of the messages."""

import asyncio
import dataclasses
import random

from support.roaming_client import RoamingClient

KINDS = ("websocket", "poll", "switching")


@dataclasses.dataclass
class Tally:
    sent: int = 0
    received: int = 0
    missing: int = 0
    repeated: int = 0
    out_of_order: int = 0
    lost_sessions: int = 0
    silent: int = 0  # who did not get the partner's last message
    repeated_on_the_wire: int = 0  # what clients dropped by its number
    moves: int = 0  # transports that clients began to use
    complaints: list = dataclasses.field(default_factory=list)

    def add(self, other):
        for field in dataclasses.fields(self):
            name = field.name
            setattr(self, name, getattr(self, name) + getattr(other, name))


class Talker:
    """One of a pair: sends 1, 2, 3 … to the other and writes down what it gets."""

    def __init__(self, http, base, room, kind, seed):
        self._random = random.Random(seed)
        self.name = f"{room} {kind} {seed}"
        self._room = room
        self._partner = None
        self.met = asyncio.Event()
        self.sent = 0
        self.got = []
        self.surprises = []
        transport = self._random.choice(["websocket", "poll"]) if kind == "switching" else kind
        self.client = RoamingClient(http, base, self._on_message, transport=transport,
                                    switching=kind == "switching", seed=seed)
        self.client.send(type="join", room=room)

    def _on_message(self, message):
        kind = message["type"]
        if kind == "signal":
            self.got.append(message["data"]["number"])
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
        return Tally(partner.sent, len(seen), partner.sent - len(seen), repeated, out_of_order,
                     self.client.lost, int(highest < partner.sent),
                     self.client.repeated_on_the_wire,
                     self.client.transports_used.total(), complaints)


class Crowd:
    """Pairs; a third of the clients each on WebSocket, long-poll and switching, in all combinations."""

    def __init__(self, http, base, pairs):
        self.pairs = []
        for index in range(pairs):
            kinds = (KINDS[index % 3], KINDS[(index // 3) % 3])
            self.pairs.append(tuple(
                Talker(http, base, f"chaos-{index}", kind, seed=2 * index + side)
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

    async def come_to_rest(self, within_s):
        """Until everybody has the partner's last message, or the time is over: the tally tells."""
        deadline = asyncio.get_running_loop().time() + within_s
        while asyncio.get_running_loop().time() < deadline and not self._at_rest():
            await asyncio.sleep(0.1)

    def _at_rest(self):
        return all(here.client.everything_is_taken and max(here.got, default=0) >= there.sent
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


async def after(seconds):
    """Lets the crowd talk for a while."""
    await asyncio.sleep(seconds)
