#!/usr/bin/env python3
"""Starts and ends one Apache Kafka broker (KRaft, broker and controller in one) on loopback.

    broker.py up --dir D [--port P] [--heap 512m] [--set key=value]...   prints its address
    broker.py run --dir D [...]      the same, then waits for the end of standard input and stops it
    broker.py down --dir D [--kill]  stops it (SIGTERM, after 20 s SIGKILL; --kill: SIGKILL at once)
    broker.py status --dir D         prints the address (exit 0) or `down` (exit 1)

All of a broker lies in its folder D, so any number runs at once: `address`, `broker.pid`,
`broker.log`, `server.properties`, `data/`. Its ports are chosen at the first `up` and kept: after a
`down` or a kill, `up` brings back the same broker with its data on the same address. `run` is for
test programs: the broker ends with them, even if they are killed. The jars come from .cache/kafka
(`tools/dev setup`; override: LINEWARD_KAFKA_JARS).
Exit: 0 good, 1 failed or down, 3 cannot start here (no Java, no jars).
"""

import argparse
import ctypes
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
START_TIMEOUT_S = 120  # It takes about 3 s; a loaded machine may need many times that.
STOP_TIMEOUT_S = 20
CLUSTER_ID = "bGluZXdhcmQtdGVzdC1rZg"  # 16 bytes in base64url, as Kafka wants it.
STARTED = "Kafka Server started"
PORT_TAKEN = "Address already in use"
PR_SET_PDEATHSIG = 1

# Small, fast to start, and quick to show what tests wait for: rebalances, aborted transactions,
# compaction, a start after a kill (it waits for the end of the killed one's session, 9 s by default).
SETTINGS = {
    "auto.create.topics.enable": "false",
    "background.threads": "2",
    "broker.heartbeat.interval.ms": "500",
    "broker.session.timeout.ms": "2500",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "100",
    "log.cleaner.backoff.ms": "200",
    "log.cleaner.dedupe.buffer.size": "4194304",
    "log.initial.task.delay.ms": "500",
    "log.retention.check.interval.ms": "1000",
    "min.insync.replicas": "1",
    "num.io.threads": "4",
    "num.network.threads": "2",
    "num.partitions": "1",
    "num.recovery.threads.per.data.dir": "2",
    "offsets.topic.num.partitions": "4",
    "offsets.topic.replication.factor": "1",
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "500",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
}

LOG4J = """\
log4j.rootLogger=INFO, file
log4j.appender.file=org.apache.log4j.ConsoleAppender
log4j.appender.file.layout=org.apache.log4j.PatternLayout
log4j.appender.file.layout.ConversionPattern=%d{ISO8601} %p %c{1} %m%n
log4j.logger.org.apache.kafka.clients=WARN
"""


class BrokerError(Exception):
    """A failure with a message for people and an exit code."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


def jars() -> pathlib.Path:
    folder = pathlib.Path(os.environ.get("LINEWARD_KAFKA_JARS", ROOT / ".cache" / "kafka"))
    if not any(folder.glob("kafka_2.13-*.jar")):
        raise BrokerError(f"no Kafka jars in `{folder}`: run `tools/dev setup`", 3)
    return folder


def java() -> str:
    path = shutil.which("java")
    if path is None:
        raise BrokerError("no `java` on the PATH: run `tools/dev setup`", 3)
    return path


def running_pid(folder: pathlib.Path) -> int | None:
    """The pid of this folder's broker, if the process that has it is still that broker."""
    try:
        pid = int((folder / "broker.pid").read_text())
        command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (OSError, ValueError):
        return None
    return pid if state != "Z" and str(folder / "server.properties").encode() in command else None


def free_ports(count: int) -> list[int]:
    """Free ports below the ephemeral range, where no outgoing connection takes them meanwhile."""
    sockets: list[socket.socket] = []
    while len(sockets) < count:
        candidate = socket.socket()
        try:
            candidate.bind(("127.0.0.1", random.randint(12000, 32000)))
            sockets.append(candidate)
        except OSError:
            candidate.close()
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def write_settings(folder: pathlib.Path, port: int, controller: int, extra: list[str]) -> None:
    settings = dict(SETTINGS)
    settings |= {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "log.dirs": str(folder / "data"),
    }
    for pair in extra:
        key, _, value = pair.partition("=")
        settings[key] = value
    text = "".join(f"{key}={value}\n" for key, value in sorted(settings.items()))
    (folder / "server.properties").write_text(text)
    (folder / "log4j.properties").write_text(LOG4J)


def java_command(folder: pathlib.Path, heap: str, quick: bool) -> list[str]:
    options = ["-XX:+UseSerialGC", "-Xshare:auto", f"-Xms{heap}", f"-Xmx{heap}"]
    if quick:
        options += ["-XX:TieredStopAtLevel=1"]
    return [
        java(),
        *options,
        f"-Dlog4j.configuration=file:{folder / 'log4j.properties'}",
        "-cp",
        f"{jars()}/*",
    ]


def format_storage(folder: pathlib.Path) -> None:
    if (folder / "data" / "meta.properties").exists():
        return
    command = java_command(folder, "64m", quick=True)
    command += ["kafka.tools.StorageTool", "format", "--cluster-id", CLUSTER_ID]
    command += ["--config", str(folder / "server.properties")]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise BrokerError(f"formatting `{folder / 'data'}` failed:\n{done.stdout}")


def die_with_parent() -> None:
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def launch(folder: pathlib.Path, heap: str, tied: bool) -> bool:
    """Starts the process and waits until it serves. False if its port was taken meanwhile."""
    log_path = folder / "broker.log"
    with log_path.open("ab") as log:
        begin = log.tell()
        process = subprocess.Popen(
            [*java_command(folder, heap, quick=False), "kafka.Kafka"]
            + [str(folder / "server.properties")],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=die_with_parent if tied else None,
        )
    (folder / "broker.pid").write_text(f"{process.pid}\n")
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        with log_path.open("rb") as log:
            log.seek(begin)
            text = log.read().decode(errors="replace")
        if STARTED in text:
            return True
        if process.poll() is not None:
            if PORT_TAKEN in text:
                return False
            raise BrokerError(
                f"the broker ended at once; its log `{log_path}` ends:\n{text[-3000:]}"
            )
        if time.monotonic() > deadline:
            process.kill()
            raise BrokerError(
                f"not up after {START_TIMEOUT_S} s; its log `{log_path}` ends:\n{text[-3000:]}"
            )
        time.sleep(0.03)


def up(folder: pathlib.Path, port: int | None, heap: str, extra: list[str], tied: bool) -> str:
    """Starts the broker of `folder` if it does not run, and returns its bootstrap address."""
    folder.mkdir(parents=True, exist_ok=True)
    address = folder / "address"
    if running_pid(folder) is not None:
        return address.read_text().split()[0]
    kept = address.read_text().split() if address.exists() else []
    for _ in range(5):
        if kept:
            ports = [int(each.rsplit(":", 1)[1]) for each in kept]
        else:
            ports = free_ports(2)
            if port is not None:
                ports[0] = port
        write_settings(folder, ports[0], ports[1], extra)
        format_storage(folder)
        address.write_text(f"127.0.0.1:{ports[0]}\n127.0.0.1:{ports[1]}\n")
        if launch(folder, heap, tied):
            return f"127.0.0.1:{ports[0]}"
        if kept or port is not None:
            raise BrokerError(
                f"port {ports[0]} or {ports[1]} of `{folder}` is in use by another program"
            )
    raise BrokerError("found no free port in 5 attempts")


def down(folder: pathlib.Path, kill: bool) -> None:
    """Stops the broker of `folder`; nothing to do if it does not run."""
    pid = running_pid(folder)
    if pid is None:
        return
    os.kill(pid, signal.SIGKILL if kill else signal.SIGTERM)
    deadline = time.monotonic() + STOP_TIMEOUT_S
    while running_pid(folder) is not None:
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            deadline += STOP_TIMEOUT_S
        time.sleep(0.03)
    (folder / "broker.pid").unlink(missing_ok=True)


def run(folder: pathlib.Path, port: int | None, heap: str, extra: list[str]) -> None:
    print(up(folder, port, heap, extra, tied=True), flush=True)
    try:
        while sys.stdin.buffer.read(4096):
            pass
    except KeyboardInterrupt:
        pass
    down(folder, kill=True)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=["up", "run", "down", "status"])
    parser.add_argument("--dir", required=True, type=pathlib.Path)
    parser.add_argument("--port", type=int)
    parser.add_argument("--heap", default="512m")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--kill", action="store_true")
    options = parser.parse_args()
    folder = options.dir.resolve()
    try:
        if options.command == "up":
            print(up(folder, options.port, options.heap, options.set, tied=False))
        elif options.command == "run":
            run(folder, options.port, options.heap, options.set)
        elif options.command == "down":
            down(folder, options.kill)
        elif running_pid(folder) is None:
            print("down")
            return 1
        else:
            print((folder / "address").read_text().split()[0])
    except BrokerError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.code
    return 0


if __name__ == "__main__":
    sys.exit(main())
