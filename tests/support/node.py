"""Starts the real binary on free ports and speaks with it: for the stories in tests/integration."""

import json
import os
import pathlib
import queue
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(
    os.environ.get("LINEWARD_BINARY", ROOT / "build" / "dev" / "bin" / "lineward")
)
PATIENCE = 60.0

DEV = {
    "environment": "dev",
    "instance_id": "test",
    "transport": "embedded",
    "auth.mode": "none",
    "http.listen": "127.0.0.1:0",
    "admin.listen": "127.0.0.1:0",
    "log.format": "json",
    "lifecycle.drain_delay": "0s",
    "ledger.min_free": "0B",
    "topics.partitions": "2",
    "embedded.sync": "none",
}


def clean_environment() -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("LINEWARD_")}
    return kept | {"NO_COLOR": "1", "XDG_CONFIG_HOME": "/nonexistent"}


def lineward(
    *arguments: str,
    stdin: str | None = None,
    cwd: pathlib.Path | None = None,
    env: dict[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """One command, run to its end."""
    return subprocess.run(
        [str(BINARY), *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        cwd=cwd,
        env=clean_environment() | (env or {}),
    )


class Node:
    """A `lineward serve` of one test. Use as a context manager."""

    def __init__(
        self,
        folder: pathlib.Path,
        settings: dict[str, str] | None = None,
        env: dict[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.env = clean_environment() | (env or {})
        self.settings = DEV | {"state_dir": str(folder / "state")} | (settings or {})
        self.lines: queue.Queue[dict | None] = queue.Queue()
        self.log: list[dict] = []
        self.http = ""
        self.admin = ""
        self.process: subprocess.Popen[str] | None = None

    def arguments(self) -> list[str]:
        listed = [f"--set={key}={value}" for key, value in self.settings.items()]
        return [str(BINARY), "serve", *listed]

    def start(self) -> "Node":
        self.process = subprocess.Popen(
            self.arguments(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            env=self.env,
        )
        threading.Thread(target=self._read, daemon=True).start()
        listening = self.wait_event("node_listening")
        self.http = "http://" + listening["data"]["http"]
        self.admin = "http://" + listening["data"]["admin"]
        return self

    def _read(self) -> None:
        assert self.process is not None and self.process.stdout is not None
        for line in self.process.stdout:
            try:
                self.lines.put(json.loads(line))
            except json.JSONDecodeError:
                self.lines.put({"event": "no_json", "line": line})
        self.lines.put(None)

    def wait_event(self, code: str, patience: float = PATIENCE) -> dict:
        deadline = time.monotonic() + patience
        while True:
            line = self.lines.get(timeout=max(0.01, deadline - time.monotonic()))
            if line is None:
                assert self.process is not None and self.process.stderr is not None
                raise AssertionError(
                    f"the node ended before `{code}`: {self.process.stderr.read()}"
                )
            self.log.append(line)
            if line.get("event") == code:
                return line

    def wait_ready(self) -> "Node":
        self.wait_event("node_ready")
        return self

    def wait_gate(self) -> "Node":
        """Until the gate decides by all facts that the registry has now."""
        with urllib.request.urlopen(self.http + "/v1/datasets", timeout=PATIENCE) as answer:
            registry_seq = int(json.load(answer)["meta"]["registry_seq"])
        deadline = time.monotonic() + PATIENCE
        while True:
            with urllib.request.urlopen(self.admin + "/metrics", timeout=PATIENCE) as answer:
                lines = answer.read().decode().splitlines()
            (line,) = (each for each in lines if each.startswith("lineward_gate_registry_seq "))
            if float(line.split()[1]) >= registry_seq:
                return self
            assert time.monotonic() < deadline, line

    def cli(
        self, *arguments: str, stdin: str | None = None, **extra: str
    ) -> subprocess.CompletedProcess[str]:
        env = {"LINEWARD_ENDPOINT": self.http} | extra
        return lineward(*arguments, f"--admin-endpoint={self.admin}", stdin=stdin, env=env)

    def json(self, *arguments: str, stdin: str | None = None) -> dict:
        """The document of a command that must succeed."""
        done = self.cli(*arguments, "-o", "json", stdin=stdin)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def causes(self) -> dict[str, str]:
        """Per role why it is not ready; empty text: it is."""
        try:
            with urllib.request.urlopen(self.admin + "/readyz?verbose", timeout=PATIENCE) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            text = error.read()
        return {check["name"]: check.get("cause", "") for check in json.loads(text)["checks"]}

    def stop(self, number: int = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        assert self.process is not None
        return self.process.wait(timeout=PATIENCE)

    def __enter__(self) -> "Node":
        return self.start()

    def __exit__(self, *_: object) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
