"""docs.py bites: stale tables, poor READMEs, dead links, unknown reasons, careless compose files."""

import pathlib

import pytest
from conftest import Write

import docs


def test_a_good_tree_has_no_findings(good: pathlib.Path) -> None:
    assert docs.findings(good) == []


REPLACED = [
    ("README.md", "| [`docs`](docs) | documents |\n", "", "no row `| [`docs`](docs)"),
    ("README.md", "documents", "", "has no sentence"),
    ("README.md", "(libs/base)", "(libs/bass)", "dead link `libs/bass`"),
    ("README.md", "| The rules |", "| Other rules |", "stale row"),
    ("README.md", "<!-- folders -->", "", "no folder table"),
    ("libs/base/README.md", "base.h", "gone.h", "which does not exist"),
    ("libs/base/README.md", "Start here", "Look here", "no line `Start here"),
    ("libs/base/README.md", "Not here:", "Elsewhere:", "no line `Not here"),
    ("libs/base/README.md", "more.\n", "more.\n" + "\n" * 20, "lines: at most 20"),
    ("docs/errors.md", "## PURPOSE_UNKNOWN", "## Other", "has no section `## PURPOSE_UNKNOWN`"),
    ("docs/errors.md", "## PURPOSE_UNKNOWN", "## PURPOSE_KNOWN", "is in no reasons.h"),
    ("docs/errors.md", "**Cause.**", "Cause:", "has 0 parts **Cause.**"),
    ("docs/errors.md", "**Cause.** c", "**Cause.** c **Cause.** d", "has 2 parts **Cause.**"),
    ("docs/errors.md", "# Errors", "# Errors\n[a](#nothing)", "no heading `nothing`"),
    ("docs/errors.md", "# Errors", "# Errors\n[a](gone.md)", "dead link `gone.md`"),
]


@pytest.mark.parametrize(("file", "old", "new", "says"), REPLACED)
def test_a_planted_fault_is_found(
    good: pathlib.Path, file: str, old: str, new: str, says: str
) -> None:
    path = good / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    assert any(says in line for line in docs.findings(good))


def test_a_lib_without_readme_is_found(good: pathlib.Path) -> None:
    (good / "libs/base/README.md").unlink()
    assert any("libs/base: no README.md" in line for line in docs.findings(good))


def test_a_link_in_code_is_no_link(good: pathlib.Path) -> None:
    path = good / "docs/errors.md"
    path.write_text(path.read_text() + "\n`[a](gone.md)`\n")
    assert docs.findings(good) == []


def test_a_section_that_stands_twice_is_found(good: pathlib.Path) -> None:
    path = good / "docs/errors.md"
    path.write_text(path.read_text() + path.read_text())
    assert any("stands twice" in line for line in docs.findings(good))


def test_fix_keeps_the_complete_one_of_two_sections(good: pathlib.Path) -> None:
    path = good / "docs/errors.md"
    before = path.read_text()
    path.write_text(before.replace("## PURPOSE", "## PURPOSE_UNKNOWN\n\ntext\n\n## PURPOSE"))
    docs.fix(good)
    assert path.read_text() == before


def test_fix_mends_the_table_and_sorts_the_sections_once(good: pathlib.Path, write: Write) -> None:
    write("config/lineward.yaml", "")
    path = good / "docs/errors.md"
    path.write_text(path.read_text() + "\n## Before\n\ntext\n")
    docs.fix(good)
    once = [(good / name).read_text() for name in ("README.md", "docs/errors.md")]
    docs.fix(good)
    assert [(good / name).read_text() for name in ("README.md", "docs/errors.md")] == once
    assert "| [`config`](config) |  |" in once[0]
    assert "| [`docs`](docs) | documents |" in once[0]
    assert once[1].index("## Before") < once[1].index("## PURPOSE_UNKNOWN")


def test_an_image_package_that_setup_does_not_know_is_found(
    good: pathlib.Path, write: Write
) -> None:
    write("tools/dev", 'PACKAGES = """\n  g++ cmake\n"""\n')
    image = "FROM debian:12.8 AS build\nRUN apt-get install --no-install-recommends g++ \\\n  cmake\nUSER 1\n"
    write("Dockerfile", image)
    assert docs.findings(good) == []
    write("Dockerfile", image.replace("g++", "clang"))
    assert any("package `clang` is not among" in line for line in docs.findings(good))


METRIC = """
  hot = registry->DeclareGauge({.name = "ledger_hot_rows",
                                .help = "Rows in the hot tail, "
                                        "now",
                                .labels = {"log"}})->With();
"""
EVENT = """
// The fold stopped.
inline constexpr telemetry::LogEvent kHalted{"ledger_halted", telemetry::Level::kError};
"""


def test_metrics_and_events_are_listed_and_a_stale_list_is_found(
    good: pathlib.Path, write: Write
) -> None:
    write("libs/policy/src/metrics.cc", METRIC)
    write("libs/policy/include/lineward/policy/log_events.h", EVENT)
    assert any("TELEMETRY.md:1: differs" in line for line in docs.findings(good))
    docs.fix(good)
    assert docs.findings(good) == []
    text = (good / "docs/TELEMETRY.md").read_text()
    assert "| `lineward_ledger_hot_rows` | gauge | log | Rows in the hot tail, now |" in text
    assert "| `ledger_halted` | `libs/policy` | The fold stopped |" in text
    write("libs/policy/src/metrics.cc", METRIC.replace("hot_rows", "warm_rows"))
    assert any("TELEMETRY.md:1: differs" in line for line in docs.findings(good))


def test_a_metric_that_no_source_declares_is_found(good: pathlib.Path, write: Write) -> None:
    write("docs/run.md", "# Run\n\nLook at `lineward_ledger_hot_rows`.\n")
    assert any("`lineward_ledger_hot_rows` is declared nowhere" in x for x in docs.findings(good))
    write("libs/policy/src/metrics.cc", METRIC)
    docs.fix(good)
    assert docs.findings(good) == []


def test_an_option_that_no_table_binds_is_found(good: pathlib.Path, write: Write) -> None:
    write("libs/policy/src/options.cc", 'table->Bind("gate.commit_interval", &options->interval);')
    write("docs/run.md", "# Run\n\nSet `gate.commit_interval` in `gate.yaml`.\n")
    assert docs.findings(good) == []
    write("docs/run.md", "# Run\n\nSet `gate.comit_interval`.\n")
    assert any("option `gate.comit_interval` is bound" in line for line in docs.findings(good))


COMPOSE = """
services:
  broker:
    image: apache/kafka:3.9.1
    user: "1000"
    read_only: true
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]
    mem_limit: 512m
    cpus: 1
    ports: ["127.0.0.1:9092:9092"]
    volumes: ["./docs:/docs:ro"]
    healthcheck: {test: ["CMD", "true"]}
"""


def test_a_careful_compose_file_has_no_findings(good: pathlib.Path, write: Write) -> None:
    write("docker-compose.yml", COMPOSE)
    assert docs.findings(good) == []


CARELESS = [
    ("apache/kafka:3.9.1", "apache/kafka:latest", "is not pinned"),
    ("apache/kafka:3.9.1", "apache/kafka", "is not pinned"),
    ("    healthcheck:", "    x-healthcheck:", "no `healthcheck`"),
    ("    read_only: true\n", "", "no `read_only`"),
    ("    cap_drop: [ALL]\n", "", "no `cap_drop`"),
    ("127.0.0.1:9092:9092", "9092:9092", "not published on 127.0.0.1"),
    ("./docs:", "./gone:", "mount `./gone` does not exist"),
    ("services:", "name: x\nservices:", "top-level `name` is refused"),
    ("    cpus: 1\n", "    cpus: 1\n    depends_on: {gate: {}}\n", "depends on `gate`"),
    ("services:", "services: [", "does not parse"),
]


@pytest.mark.parametrize(("old", "new", "says"), CARELESS)
def test_a_careless_compose_file_is_found(
    good: pathlib.Path, write: Write, old: str, new: str, says: str
) -> None:
    write("docker-compose.yml", COMPOSE.replace(old, new, 1))
    assert any(says in line for line in docs.findings(good))
