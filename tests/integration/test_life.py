"""The life of `lineward serve`: starts, refusals, readiness, stops, exit codes."""

import json
import os
import pathlib
import signal
import socket
import time
import urllib.error
import urllib.request

import pytest
from node import Node, lineward


def get(url: str, headers: dict[str, str] | None = None) -> tuple[int, str]:
    request = urllib.request.Request(url, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_a_node_serves_and_stops_cleanly(tmp_path: pathlib.Path) -> None:
    with Node(tmp_path) as node:
        assert get(node.http + "/v1/version")[0] == 200
        assert get(node.admin + "/livez")[0] == 200
        status, text = get(node.admin + "/metrics")
        assert status == 200
        assert "# TYPE lineward_http_requests_total counter" in text
        assert node.stop() == 0


def test_a_stop_signal_of_the_keyboard_is_as_good(tmp_path: pathlib.Path) -> None:
    with Node(tmp_path) as node:
        assert node.stop(signal.SIGINT) == 0


def test_configz_names_origins_and_hides_secrets(tmp_path: pathlib.Path) -> None:
    (tmp_path / "key").write_bytes(b"k" * 32)
    os.chmod(tmp_path / "key", 0o400)
    (tmp_path / "lineward.yaml").write_text("keys: {tenant: {file: key}}\n")
    with Node(tmp_path) as node:
        status, text = get(node.admin + "/configz")
        assert status == 200
        assert "kkkk" not in text
        assert "environment: dev" in text
        assert "flag" in text


def test_readiness_says_what_is_waited_for(tmp_path: pathlib.Path) -> None:
    with Node(tmp_path) as node:
        # No policy set was published: the gate may not decide.
        deadline = time.monotonic() + 30
        cause = "starting"
        while cause == "starting" and time.monotonic() < deadline:
            status, text = get(node.admin + "/readyz?verbose")
            assert status == 503
            checks = json.loads(text)["checks"]
            cause = {check["name"]: check.get("cause", "") for check in checks}["gate"]
        assert "polic" in cause
        health = node.cli("health")
        assert health.returncode == 10
        assert "polic" in health.stdout
        assert node.cli("health", "http").returncode == 0


def test_a_second_process_on_the_same_folder_is_told_whose_it_is(tmp_path: pathlib.Path) -> None:
    with Node(tmp_path) as first:
        assert first.process is not None
        second = lineward(*Node(tmp_path).arguments()[1:], cwd=tmp_path)
        assert second.returncode == 8
        assert str(tmp_path / "state") in second.stderr
        assert str(first.process.pid) in second.stderr
        assert "[STORE_LOCKED]" in second.stderr


def test_a_port_in_use_is_named(tmp_path: pathlib.Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = lineward(*Node(tmp_path, {"http.listen": address}).arguments()[1:], cwd=tmp_path)
        assert done.returncode == 8
        assert f"http.listen: cannot listen on `{address}`" in done.stderr


def test_a_damaged_log_is_not_served(tmp_path: pathlib.Path) -> None:
    with Node(tmp_path) as node:
        assert node.stop() == 0
    current = tmp_path / "state" / "log" / "CURRENT"
    assert current.exists()
    current.write_text("no manifest\n")
    done = lineward(*Node(tmp_path).arguments()[1:], cwd=tmp_path)
    assert done.returncode == 9, done.stderr


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        (
            "gate: {comit_interval: 10ms}\n",
            "lineward.yaml:1:8: unknown option `gate.comit_interval` "
            "(nearest: `gate.commit_interval`)",
        ),
        ("environment: dev\nenvironment: dev\n", "lineward.yaml:2:1"),
        ("gate: {commit_interval: 10}\n", "gate.commit_interval"),
        ("gate: {commit_interval: 2s}\n", "1s"),
        ("roles: [gate, lodger]\n", "unknown role `lodger` (nearest: `ledger`)"),
        ("auth: {mode: none}\nenvironment: prod\n", "`none` needs `environment: dev`"),
        ('auth: {mode: none}\nhttp: {listen: "0.0.0.0:80"}\n', "loopback"),
    ],
)
def test_every_error_of_the_configuration_is_told(
    tmp_path: pathlib.Path, yaml: str, message: str
) -> None:
    (tmp_path / "lineward.yaml").write_text(yaml)
    for command in (["config", "check"], ["serve"]):
        done = lineward(*command, cwd=tmp_path)
        assert done.returncode == 2
        assert message in done.stderr
        assert done.stdout == ""


def test_all_errors_are_told_at_once(tmp_path: pathlib.Path) -> None:
    (tmp_path / "lineward.yaml").write_text("transport: kafk\nhttp: {workers: no}\nx: 1\n")
    done = lineward("config", "check", cwd=tmp_path)
    assert done.returncode == 2
    for line in ("lineward.yaml:1:", "lineward.yaml:2:", "lineward.yaml:3:"):
        assert line in done.stderr


def test_an_unknown_variable_is_an_error(tmp_path: pathlib.Path) -> None:
    done = lineward("config", "check", cwd=tmp_path, env={"LINEWARD_HTTP__WORKER": "4"})
    assert done.returncode == 2
    assert "LINEWARD_HTTP__WORKER" in done.stderr


def test_flags_win_over_environment_and_file(tmp_path: pathlib.Path) -> None:
    (tmp_path / "lineward.yaml").write_text(
        "environment: dev\ntransport: embedded\nauth: {mode: none}\nhttp: {workers: 5}\n"
    )
    env = {"LINEWARD_HTTP__WORKERS": "6", "LINEWARD_HTTP__IO_THREADS": "3"}
    done = lineward("config", "print", "--origin", "--set=http.workers=7", cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stderr
    lines = {line.split(":")[0]: line for line in done.stdout.splitlines() if ":" in line}
    assert lines["http.workers"].startswith("http.workers: 7")
    assert "flag" in lines["http.workers"]
    assert lines["http.io_threads"].startswith("http.io_threads: 3")
    assert "LINEWARD_HTTP__IO_THREADS" in lines["http.io_threads"]
    assert "lineward.yaml" in lines["environment"]


def test_tokens_open_what_their_roles_hold(tmp_path: pathlib.Path) -> None:
    made = lineward("auth", "token", "create", "ann", "--role", "viewer", "-o", "json")
    assert made.returncode == 0, made.stderr
    answer = json.loads(made.stdout)
    (tmp_path / "tokens.yaml").write_text("tokens:\n" + answer["entry"])
    os.chmod(tmp_path / "tokens.yaml", 0o400)
    (tmp_path / "token").write_text(answer["token"] + "\n")
    (tmp_path / "lineward.yaml").write_text("auth: {tokens: {file: tokens.yaml}}\n")
    with Node(tmp_path, {"auth.mode": "token"}) as node:
        assert node.cli("decision", "count").returncode == 6
        allowed = node.cli("decision", "count", LINEWARD_TOKEN_FILE=str(tmp_path / "token"))
        assert allowed.returncode == 0, allowed.stderr
        refused = node.cli(
            "event", "send", "-", stdin="{}", LINEWARD_TOKEN_FILE=str(tmp_path / "token")
        )
        assert refused.returncode == 6
        assert "[PERMISSION_DENIED]" in refused.stderr
        assert answer["token"] not in get(node.admin + "/metrics")[1]


def test_a_broken_token_file_stops_the_start(tmp_path: pathlib.Path) -> None:
    (tmp_path / "tokens.yaml").write_text("tokens: [{nam: x}]\n")
    os.chmod(tmp_path / "tokens.yaml", 0o400)
    (tmp_path / "lineward.yaml").write_text("auth: {tokens: {file: tokens.yaml}}\n")
    done = lineward(*Node(tmp_path, {"auth.mode": "token"}).arguments()[1:], cwd=tmp_path)
    assert done.returncode == 2
    assert "tokens.yaml:1:11: unknown key `nam` (nearest: `name`)" in done.stderr


def test_kafka_away_is_no_reason_to_end(tmp_path: pathlib.Path) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound, not listening: refused at once
        broker = f"127.0.0.1:{nobody.getsockname()[1]}"
        with Node(tmp_path, {"transport": "kafka", "kafka.brokers": broker}) as node:
            waiting = node.wait_event("node_waiting")
            assert waiting["data"]["cause"]
            status, text = get(node.admin + "/readyz?verbose")
            assert status == 503
            assert get(node.admin + "/livez")[0] == 200
            assert get(node.http + "/v1/version")[0] == 200
            assert get(node.http + "/v1/decisions")[0] == 503
            assert node.stop() == 0
