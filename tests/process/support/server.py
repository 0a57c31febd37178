"""One of our servers with a generated configuration, started and waited for."""

import socket

from support import toml
from support.binaries import server_binary
from support.log_line import LogLine
from support.net import Address, http_request, scrape
from support.process import Process


class Server(Process):
    def __init__(self, name, folder, config=None, *, args=(), env=None):
        """config: a dict or TOML text; None starts with the embedded default."""
        argv = [server_binary(name), *args]
        if name == "turn" and isinstance(config, dict):
            config = {"drain": {"seconds": 0}} | config  # tests leave allocations behind
        if config is not None:
            self.config_path = folder / f"{name}.toml"
            self.write_config(config)
            argv += ["--config", self.config_path]
        super().__init__(argv, name=f"icebreaker-{name}", env=env, cwd=folder)

    def write_config(self, config):
        """Also for a reload: write, then signal(SIGHUP)."""
        text = config if isinstance(config, str) else toml.dumps(config)
        self.config_path.write_text(text, encoding="utf-8")

    def wait_ready(self, timeout=20.0):
        self.wait_for(r"Z INFO \S+: ready( |$)", timeout)
        return self

    @property
    def log(self):
        return [line for line in map(LogLine.parse, self.lines) if line]

    @property
    def ready(self):
        """The key=value pairs of the `ready` line."""
        return next(line.fields for line in self.log if line.event == "ready")

    @property
    def listening(self):
        """[(transport, Address)] as really bound, in the order logged."""
        return [(line.fields["transport"], Address.parse(line.fields["address"]))
                for line in self.log if line.event == "listening"]

    def address(self, transport="udp", family=socket.AF_INET):
        """The first listener of that transport and family."""
        for each, address in self.listening:
            if each == transport and address.family == family:
                return address
        raise AssertionError(f"{self.name} has no {transport} listener in {self.listening}")

    @property
    def metrics_address(self):
        return self.address("metrics")

    def metrics(self):
        return scrape(self.metrics_address)

    def get(self, path, address=None):
        """GET of /healthz and the like from the metrics listener, or from another one."""
        return http_request(address or self.metrics_address, path)

    def stop_at_end_of_test(self):
        status = self.terminate()
        assert status == 0, f"{self.name} ended with status {status} after SIGTERM"
