"""The launcher of test brokers: addresses stay, a killed one comes back, none outlives its test."""

import pathlib
import subprocess
import sys

import pytest

BROKER = pathlib.Path(__file__).resolve().parents[1] / "support" / "kafka" / "broker.py"

pytestmark = pytest.mark.kafka


def broker(action: str, folder: pathlib.Path, *more: str) -> subprocess.CompletedProcess:
    command = [sys.executable, str(BROKER), action, "--dir", str(folder), *more]
    return subprocess.run(command, capture_output=True, text=True)


def test_a_killed_broker_comes_back_on_its_address(tmp_path: pathlib.Path) -> None:
    try:
        first = broker("up", tmp_path)
        assert first.returncode == 0, first.stderr
        assert broker("up", tmp_path).stdout == first.stdout
        assert broker("status", tmp_path).stdout == first.stdout
        broker("down", tmp_path, "--kill")
        assert broker("status", tmp_path).returncode == 1
        again = broker("up", tmp_path)
        assert (again.returncode, again.stdout) == (0, first.stdout), again.stderr
    finally:
        broker("down", tmp_path, "--kill")


def test_a_broker_in_mode_run_ends_with_its_caller(tmp_path: pathlib.Path) -> None:
    command = [sys.executable, str(BROKER), "run", "--dir", str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        assert run.stdin is not None
        address = run.stdout.readline()
        assert broker("status", tmp_path).stdout == address
        run.stdin.close()
        assert run.wait(timeout=30) == 0
    assert broker("status", tmp_path).returncode == 1


def test_a_taken_port_is_named(tmp_path: pathlib.Path) -> None:
    try:
        address = broker("up", tmp_path / "a").stdout.strip()
        port = address.rsplit(":", 1)[1]
        second = broker("up", tmp_path / "b", "--port", port)
        assert second.returncode == 1
        assert port in second.stderr
    finally:
        broker("down", tmp_path / "a", "--kill")
        broker("down", tmp_path / "b", "--kill")
