"""Several icebreaker-signal behind haproxy: each request goes to the next one, nobody sticks to anything."""

import contextlib
import shutil

from support.binaries import ROOT
from support.net import Address, free_port, http_request, wait_until
from support.process import Process
from support.server import Server

_HAPROXY = ROOT / "tests" / "support" / "haproxy.cfg"


def missing_programs(*names):
    """What a test that needs them gives as its reason to be skipped."""
    absent = [name for name in names if shutil.which(name) is None]
    return f"not installed: {', '.join(absent)}" if absent else ""


class Fleet:
    def __init__(self, folder, adopt, config, count, *, balance="roundrobin"):
        """adopt: keeps a Process for the end of the test; config: of each instance, but for its ports."""
        self._folder = folder
        self._adopt = adopt
        self._config = config
        self.ports = [free_port() for _ in range(count)]
        self.instances = [self._start(index) for index in range(count)]
        self.port = free_port()
        self._balance = balance
        for instance in self.instances:
            instance.wait_ready()
        self._start_haproxy()

    @property
    def base(self):
        return f"http://127.0.0.1:{self.port}"

    def _start(self, index):
        folder = self._folder / f"instance-{index}"
        folder.mkdir(exist_ok=True)
        config = {**self._config, "listen": f"127.0.0.1:{self.ports[index]}"}
        return self._adopt(Server("signal", folder, config))

    def _start_haproxy(self):
        servers = "\n".join(f"  server s{index} 127.0.0.1:{port}"
                            for index, port in enumerate(self.ports))
        path = self._folder / "haproxy.cfg"
        path.write_text(_HAPROXY.read_text().format(port=self.port, balance=self._balance, servers=servers))
        self._adopt(Process(["haproxy", "-db", "-f", path], name="haproxy"))
        wait_until(self._answers, what="an answer through haproxy")

    def _answers(self):
        with contextlib.suppress(OSError):
            return http_request(Address("127.0.0.1", self.port), "/healthz").status == 200

    def wait_unready(self):
        """Until all have noticed that they cannot work."""
        for instance in self.instances:
            wait_until(lambda each=instance: each.get("/readyz").status == 503)

    def stop(self):
        """Now, and not only after the test; each has to end with status 0."""
        for instance in self.instances:
            instance.finish()

    def kill(self, index):
        """SIGKILL: nothing is said to anybody."""
        self.instances[index].kill()

    def restart(self, index):
        """Comes back when it is started, not when it is ready."""
        self.instances[index] = self._start(index)
        return self.instances[index]
