"""The command line without a server, and against servers that are none."""

import json
import pathlib
import re
import socket
import threading

import pytest
from node import lineward

ROOT = pathlib.Path(__file__).resolve().parents[2]

COMMANDS = [
    ("decision", "get", "promotions-0-0"),
    ("decision", "list"),
    ("decision", "count", "--by", "outcome"),
    ("decision", "explain", "promotions-0-0"),
    ("decision", "search", "x"),
    ("decision", "watch"),
    ("topic", "inspect", "promotions"),
    ("topic", "lag"),
    ("dataset", "list"),
    ("dataset", "get", "default/clicks"),
    ("model", "list"),
    ("model", "get", "ranker@1"),
    ("run", "get", "r"),
    ("purpose", "list"),
]


def test_an_unknown_command_names_the_nearest() -> None:
    done = lineward("decision", "lst")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: unknown command `decision lst` (nearest: `decision list`")
    assert "[USAGE]" in done.stderr


def test_an_unknown_flag_names_the_nearest() -> None:
    done = lineward("decision", "list", "--filtr", "x")
    assert done.returncode == 2
    assert "unknown flag `--filtr` (nearest: `--filter`" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("decision",),
        ("decision", "get"),
        ("decision", "list", "--limit", "0"),
        ("decision", "list", "-o", "yaml"),
        ("decision", "list", "--timeout", "10"),
        ("decision", "list", "--retries", "x"),
        ("decision", "list", "--profile", "none"),
        ("decision", "list", "--token-file", "/nonexistent"),
        ("completion", "tcsh"),
        ("auth", "token", "create", "x"),
        ("auth", "token", "create", "x", "--role", "viewr"),
        ("auth", "token", "create", "x", "--role", "viewer", "--days", "91"),
        ("dataset", "get", "noslash"),
        ("import", "/dev/null", "--format", "dta"),
        ("serve", "--set", "nonsense"),
    ],
)
def test_wrong_usage_is_exit_2_with_nothing_on_stdout(arguments: tuple[str, ...]) -> None:
    done = lineward(*arguments)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_dead_endpoint_is_exit_8(command: tuple[str, ...]) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        done = lineward(*command, "--endpoint", endpoint, "--retries", "0")
    assert done.returncode == 8
    assert done.stdout == ""
    assert "[ENDPOINT_UNREACHABLE]" in done.stderr


@pytest.mark.parametrize("answer", [b"", b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n<html>"])
def test_a_server_that_is_none_is_exit_8(answer: bytes) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(4096)
                    connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        endpoint = f"http://127.0.0.1:{server.getsockname()[1]}"
        for command in (("decision", "list"), ("decision", "get", "a-0-0"), ("health",)):
            done = lineward(
                *command, "--endpoint", endpoint, "--admin-endpoint", endpoint, "--retries", "0"
            )
            assert done.returncode == 8, (command, done.stderr)
            assert done.stdout == ""
        server.shutdown(socket.SHUT_RDWR)


def test_a_hanging_server_is_exit_8() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        endpoint = f"http://127.0.0.1:{server.getsockname()[1]}"
        done = lineward("decision", "list", "--endpoint", endpoint, "--timeout", "50ms")
    assert done.returncode == 8


@pytest.mark.parametrize("command", COMMANDS)
def test_every_answer_has_a_schema(command: tuple[str, ...]) -> None:
    done = lineward(*command, "-o", "schema")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["properties"]


def test_version_speaks_every_format() -> None:
    assert json.loads(lineward("version", "-o", "json").stdout) == json.loads(
        lineward("version", "-o", "jsonl").stdout
    )
    assert lineward("version", "-o", "csv").stdout.startswith("version\n")
    assert lineward("--version").stdout.startswith("lineward ")


def test_openapi_holds_what_the_readme_of_the_api_promises() -> None:
    api = json.loads(lineward("openapi").stdout)
    assert api["openapi"] == "3.1.0"
    for path, methods in api["paths"].items():
        for method, operation in methods.items():
            assert operation["x-lineward-permission"], (path, method)
            assert operation["summary"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_the_commands(shell: str) -> None:
    done = lineward("completion", shell)
    assert done.returncode == 0
    assert "decision" in done.stdout and "explain" in done.stdout


def test_the_token_is_on_stdout_alone() -> None:
    done = lineward("auth", "token", "create", "ci", "--role", "registrar")
    assert re.fullmatch(r"lw_[A-Za-z0-9_-]{43}\n", done.stdout)
    assert done.stdout.strip() not in done.stderr
    assert "sha256" in done.stderr


def test_validate_needs_no_server(tmp_path: pathlib.Path) -> None:
    (tmp_path / "bad.json").write_text('{"event_id": 1}\n')
    done = lineward("event", "validate", str(tmp_path / "bad.json"), "-o", "json")
    assert done.returncode == 11
    events = json.loads(done.stdout)["events"]
    assert events[0]["valid"] is False and events[0]["cause"]
    missing = lineward("event", "validate", str(tmp_path / "none.json"))
    assert missing.returncode == 5


def test_help_is_there_and_fast() -> None:
    done = lineward("decision", "list", "--help")
    assert done.returncode == 0
    assert "--filter" in done.stdout


def test_purposes_of_dpv_become_a_taxonomy_that_loads(tmp_path: pathlib.Path) -> None:
    csv = (
        '"term","type","hasbroader"\n"Purpose","class",""\n'
        '"Marketing","class","https://w3id.org/dpv#Purpose"\n"Sector","class",""\n'
        '"Rights","class","https://w3id.org/dpv#LegalObligation"\n"hasPurpose","property",""\n'
    )
    done = lineward("policy", "import-dpv", "-", stdin=csv)
    assert done.returncode == 0, done.stderr
    assert "-:5:1: warning LP104: `dpv:Rights` names `dpv:LegalObligation`" in done.stderr
    (tmp_path / "taxonomy.yaml").write_text(done.stdout)
    (tmp_path / "vocabulary.yaml").write_text("apiVersion: lineward/v1\nkind: Vocabulary\n")
    checked = lineward("policy", "check", str(tmp_path), "-o", "json")
    report = json.loads(checked.stdout)
    assert report["purposes"] == 4
    assert report["findings"] == []

    refused = lineward("policy", "import-dpv", "-", stdin=csv.replace('"Rights"', '"Sector"'))
    assert refused.returncode == 2
    assert "-: line 5: `dpv:Sector` twice" in refused.stderr


def test_policy_check_tells_what_a_folder_lacks_and_what_its_files_have_wrong(
    tmp_path: pathlib.Path,
) -> None:
    (tmp_path / "recs.yaml").write_text(
        "apiVersion: lineward/v1\nkind: Policy\npolicy: recs@1\nruels: []\n"
    )
    done = lineward("policy", "check", str(tmp_path), "-o", "json")
    assert done.returncode == 11
    findings = json.loads(done.stdout)["findings"]
    assert [(finding["place"], finding["message"]) for finding in findings] == [
        (str(tmp_path), "no file of kind Taxonomy"),
        (str(tmp_path), "no file of kind Vocabulary"),
        ("recs.yaml:1:1", "key `rules` is missing"),
        ("recs.yaml:4:1", "a Policy has no key `ruels` (nearest: `rules`)"),
    ]


CONDITIONS = """apiVersion: lineward/v1
kind: Policy
policy: fresh@1
rules:
- {id: ok, effect: permit}
- id: stale
  effect: forbid
  when: |
    has(event.rank) && event.rank <= 3 &&
      decision_time - model.trained_at > duration("720h")
- {id: synthetic, effect: forbid, severity: quarantine, when: model.synthetic_share > 0.3}
"""
CONDITION_CASES = """apiVersion: lineward/v1
kind: Tests
use: {policy: fresh@1, binding: home-feed}
defaults:
  event: {purpose: "dpv:ProvideProductRecommendations", time: 2026-03-01T12:00:00Z, fields: {rank: 3}}
  subject: {class: adult, place: DE}
  processing_place: DE
  model: {eff: ["dpv:Purpose"], synthetic_share: 0.3, trained_at: 2026-02-20T00:00:00Z}
  consent: {granted: ["dpv:Purpose"], age_ms: 40}
cases:
- {name: fresh, expect: {outcome: ALLOW, errors: []}}
- {name: stale, model: {trained_at: 2026-01-01T00:00:00Z}, expect: {outcome: BLOCK, rules: [stale]}}
- {name: far down, event: {fields: {rank: 4}}, model: {trained_at: 2026-01-01T00:00:00Z}, expect: {outcome: ALLOW}}
- name: no share is told
  remove: [model.synthetic_share]
  expect: {outcome: QUARANTINE, reason: RULE_ERROR, rules: [synthetic], errors: [synthetic]}
"""


@pytest.fixture
def conditions(tmp_path: pathlib.Path) -> pathlib.Path:
    """The shipped policies with one more whose rules have a `when`."""
    for file in (ROOT / "config" / "policies").glob("*.yaml"):
        (tmp_path / file.name).write_text(file.read_text())
    (tmp_path / "fresh.yaml").write_text(CONDITIONS)
    (tmp_path / "fresh-tests.yaml").write_text(CONDITION_CASES)
    return tmp_path


def test_policy_check_and_test_take_rules_with_conditions(conditions: pathlib.Path) -> None:
    done = lineward("policy", "check", str(conditions), "-o", "json")
    assert done.returncode == 0, done.stdout
    assert json.loads(done.stdout)["findings"] == []
    done = lineward("policy", "test", str(conditions), "--filter", "fresh-tests.yaml:*")
    assert done.returncode == 0, done.stdout
    assert "4 passed, 0 failed" in done.stdout + done.stderr
    # The same cases expecting something else fail: they were run.
    wrong = CONDITION_CASES.replace("outcome: ALLOW", "outcome: BLOCK")
    (conditions / "fresh-tests.yaml").write_text(wrong)
    assert lineward("policy", "test", str(conditions)).returncode == 11


def test_policy_check_tells_the_place_inside_a_condition(conditions: pathlib.Path) -> None:
    wrong = CONDITIONS.replace("model.trained_at", "model.traind_at")
    (conditions / "fresh.yaml").write_text(wrong.replace("has(event.rank) && ", ""))
    done = lineward("policy", "check", str(conditions), "-o", "json")
    assert done.returncode == 11
    findings = json.loads(done.stdout)["findings"]
    assert [(finding["place"], finding["code"]) for finding in findings] == [
        ("fresh.yaml:10:23", "LP106")
    ]
    assert "unknown name `model.traind_at` (nearest: `model.trained_at`" in findings[0]["message"]
