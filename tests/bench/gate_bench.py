#!/usr/bin/env python3
"""The gate beside its yardstick on one Apache Kafka, in turn, over the same promotions.

    gate_bench.py [--bin build/release/bin] [--events 2000000] [--interval-ms 100] [--runs 1] [--partitions 4]

The yardstick is a bare librdkafka program: same bytes, headers, transactions and offsets, one small record per 1,024
events, no decision. Promotions have about 300 bytes, protobuf and JSON in turn. CPU is that of the client process only.
LINEWARD_KAFKA names a running broker. Prints JSON on standard output: each run, the medians, and the ratios; progress goes to standard error. Exit 3 if no
broker can be started.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

# The source is read once per run; the working set of distinct promotions is small to make the sender quick.
DISTINCT = 20000
SOURCE = f"bench-{os.getpid()}"


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
    for number in range(events):
        each = made[number % DISTINCT]
        while True:
            try:
                producer.produce(SOURCE, each.value, each.key, number % partitions)
                break
            except BufferError:
                producer.poll(0.05)
    producer.flush(120)
    return sum(len(each.value) for each in made) // DISTINCT


def run(command: list[str]) -> dict:
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=600)
    if done.returncode != 0:
        raise SystemExit(f"{command[0]} ended with {done.returncode}")
    return json.loads(done.stdout.splitlines()[-1])


def per_event(results: list[dict]) -> dict[str, float]:
    return {
        "events_per_second": round(
            statistics.median(each["events"] / each["seconds"] for each in results)
        ),
        "cpu_us_per_event": round(
            statistics.median(each["cpu_seconds"] * 1e6 / each["events"] for each in results), 3
        ),
    }


def measure(address: str, options: argparse.Namespace) -> dict:
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
    results: dict[str, list[dict]] = {"yardstick": [], "gate": []}
    for number in range(options.runs):
        say(f"run {number + 1} of {options.runs}: yardstick")
        results["yardstick"].append(
            run([*yardstick, "--events", events, "--interval-ms", interval, "--seat", f"y{number}"])
        )
        say(f"run {number + 1} of {options.runs}: gate")
        gate = [
            str(options.bin / "gate_process"),
            "measure",
            address,
            SOURCE,
            events,
            interval,
            f"bench{number}",
        ]
        results["gate"].append(run(gate))
    medians = {name: per_event(each) for name, each in results.items()}
    return {
        "events": options.events,
        "bytes_per_event": size,
        "interval_ms": options.interval_ms,
        "medians": medians,
        "gate_to_yardstick": {
            "events_per_second": round(
                medians["gate"]["events_per_second"] / medians["yardstick"]["events_per_second"], 3
            ),
            "cpu_per_event": round(
                medians["gate"]["cpu_us_per_event"] / medians["yardstick"]["cpu_us_per_event"], 3
            ),
        },
        "runs": results,
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build" / "release" / "bin")
    parser.add_argument("--events", type=int, default=2_000_000)
    parser.add_argument("--interval-ms", type=int, default=100)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--partitions", type=int, default=4)
    options = parser.parse_args()
    running = os.environ.get("LINEWARD_KAFKA")
    if running:
        print(json.dumps(measure(running, options), indent=2))
        return 0
    script = ROOT / "tests" / "support" / "kafka" / "broker.py"
    with tempfile.TemporaryDirectory(prefix="lineward-bench-") as folder:
        command = [sys.executable, str(script), "run", "--dir", folder, "--heap", "1g"]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as broker:
            assert broker.stdin is not None and broker.stdout is not None
            address = broker.stdout.readline().strip()
            if not address:
                return 3
            try:
                print(json.dumps(measure(address, options), indent=2))
            finally:
                broker.stdin.close()
                broker.wait(timeout=30)
    return 0


if __name__ == "__main__":
    sys.exit(main())
