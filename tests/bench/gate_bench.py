#!/usr/bin/env python3
"""Gate and ledger beside their yardstick on one Apache Kafka, in turn, over the same promotions.

    gate_bench.py [--bin build/release/bin] [--events 200000 | --full] [--interval-ms 100]
                  [--runs 1] [--partitions 4]

The yardstick is a bare librdkafka program: same bytes, headers, transactions and offsets, one small
record per 1,024 events, no decision. Promotions have about 300 bytes, protobuf and JSON in turn;
`--full` takes 2,000,000 of them. Each run has a broker of its own and then, in turn, the yardstick,
a gate with a ledger in its process, a gate alone. CPU is that of the client process only; its
shares come from the gate's own stages and from the threads' times. Prints JSON on standard output:
each run, the medians, the ratios and the shares; progress goes to standard error. Exit 3 if no
broker can be started.
"""

import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

# The working set of distinct promotions is small to make the sender quick.
DISTINCT = 20000
SOURCE = "bench"
FULL = 2_000_000
TICK_S = 10  # between lines of progress
RUN_MAX_S = 3600


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def fill(address: str, events: int, partitions: int) -> int:
    """Sends the promotions; returns their mean size."""
    import confluent_kafka

    from tests.support import promotions

    generator = promotions.Generator(1, malformed=0, unknown=0, pad=200)
    made = [generator.make(i, "bare") for i in range(DISTINCT)]
    producer = confluent_kafka.Producer(
        {
            "bootstrap.servers": address,
            "linger.ms": 50,
            "compression.type": "lz4",
            "queue.buffering.max.messages": 500000,
        }
    )
    told = time.monotonic()
    for number in range(events):
        each = made[number % DISTINCT]
        if number % 1024 == 0 and time.monotonic() - told > TICK_S:
            told = time.monotonic()
            say(f"  {number} of {events} sent")
        while True:
            try:
                producer.produce(SOURCE, each.value, each.key, number % partitions)
                break
            except BufferError:
                producer.poll(0.05)
    if producer.flush(RUN_MAX_S) != 0:
        raise SystemExit("promotions stay unsent")
    return sum(len(each.value) for each in made) // DISTINCT


def run(name: str, command: list[str]) -> dict:
    """Runs one of the three, telling that it goes on, and reads the JSON of its last line."""
    say(f"{name}")
    begun = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        while True:
            try:
                out, _ = process.communicate(timeout=TICK_S)
                break
            except subprocess.TimeoutExpired:
                elapsed = time.monotonic() - begun
                say(f"  {name}: {elapsed:.0f} s")
                if elapsed > RUN_MAX_S:
                    process.kill()
    if process.returncode != 0:
        raise SystemExit(f"{name} ended with {process.returncode}")
    return json.loads(out.splitlines()[-1])


def shares(result: dict) -> dict[str, dict[str, float]]:
    """CPU of one process by stage: microseconds an event, and share of the whole."""

    def threads(*starts: str) -> float:
        by_thread = result["cpu_by_thread"]
        return sum(value for name, value in by_thread.items() if name.startswith(starts))

    seconds = dict(result["cpu_by_stage"])
    seconds["loop_rest"] = threads("lw-gate") - sum(seconds.values())
    seconds["librdkafka"] = threads("rdk:")
    seconds["fold"] = threads("lw-ledger", "rocksdb")
    total = threads("")
    seconds["rest"] = total - sum(seconds.values())
    return {
        "us_per_event": {
            name: round(each * 1e6 / result["events"], 3) for name, each in seconds.items()
        },
        "share": {name: round(each / total, 3) for name, each in seconds.items()},
    }


def per_event(results: list[dict]) -> dict[str, float]:
    return {
        "events_per_second": round(
            statistics.median(each["events"] / each["seconds"] for each in results)
        ),
        "cpu_us_per_event": round(
            statistics.median(each["cpu_seconds"] * 1e6 / each["events"] for each in results), 3
        ),
    }


def measure(address: str, folder: str, options: argparse.Namespace) -> dict[str, dict]:
    """One run of the three on a broker that holds nothing yet."""
    events, interval = str(options.events), str(options.interval_ms)
    subprocess.run(
        [options.bin / "gate_process", "world", address, SOURCE, str(options.partitions)],
        check=True,
    )
    say(f"sending {events} promotions")
    size = fill(address, options.events, options.partitions)
    yardstick = [str(options.bin / "yardstick"), "--brokers", address, "--source", SOURCE]
    # The outputs of the gate's world, so that both write to topics of the same kind.
    yardstick += ["--output", f"{SOURCE}.quarantined", "--second", "lineward.audit"]
    yardstick += ["--events", events, "--interval-ms", interval]
    gate = [str(options.bin / "gate_process"), "measure", address, SOURCE, events, interval]
    # The ledger first: what a second gate decides again, it would refuse.
    return {
        "bytes_per_event": {"mean": size},
        "yardstick": run("yardstick", yardstick),
        "gate_and_ledger": run("gate and ledger", [*gate, "both", f"{folder}/ledger"]),
        "gate": run("gate alone", [*gate, "alone", "-"]),
    }


def report(runs: list[dict[str, dict]], options: argparse.Namespace) -> dict:
    names = ["yardstick", "gate", "gate_and_ledger"]
    medians = {name: per_event([each[name] for each in runs]) for name in names}

    def ratio(name: str) -> dict[str, float]:
        return {
            key: round(medians[name][key] / medians["yardstick"][key], 3)
            for key in medians["yardstick"]
        }

    return {
        "events": options.events,
        "bytes_per_event": runs[0]["bytes_per_event"]["mean"],
        "interval_ms": options.interval_ms,
        "machine": f"{os.cpu_count()} cores, {platform.machine()}",
        "load_before": round(options.load_before, 1),
        "medians": medians,
        "gate_to_yardstick": ratio("gate"),
        "gate_and_ledger_to_yardstick": ratio("gate_and_ledger"),
        "cpu": {name: shares(runs[-1][name]) for name in names[1:]},
        "runs": runs,
    }


def run_on_own_broker(options: argparse.Namespace) -> dict[str, dict] | None:
    script = ROOT / "tests" / "support" / "kafka" / "broker.py"
    with tempfile.TemporaryDirectory(prefix="lineward-bench-") as folder:
        command = [sys.executable, str(script), "run", "--dir", f"{folder}/kafka", "--heap", "1g"]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as broker:
            assert broker.stdin is not None and broker.stdout is not None
            address = broker.stdout.readline().strip()
            if not address:
                return None
            try:
                return measure(address, folder, options)
            finally:
                broker.stdin.close()
                broker.wait(timeout=60)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build" / "release" / "bin")
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--full", action="store_true", help=f"{FULL:,} events")
    parser.add_argument("--interval-ms", type=int, default=100)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--partitions", type=int, default=4)
    options = parser.parse_args()
    if options.full:
        options.events = FULL
    options.load_before = os.getloadavg()[0]
    runs = []
    for number in range(options.runs):
        say(f"run {number + 1} of {options.runs}")
        done = run_on_own_broker(options)
        if done is None:
            return 3
        runs.append(done)
    print(json.dumps(report(runs, options), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
