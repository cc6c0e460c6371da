"""The scripts of config/compose make what the containers need."""

import pathlib
import re
import subprocess

import yaml
from conftest import Write


def test_the_topics_made_are_those_of_the_table(
    root: pathlib.Path, tmp_path: pathlib.Path, write: Write
) -> None:
    write("kafka-topics.sh", '#!/bin/bash\necho "$@"\n')
    tool = tmp_path / "kafka-topics.sh"
    tool.chmod(0o755)
    script = str(root / "config/compose/create-topics.sh")
    done = subprocess.run(
        ["bash", script],
        env={"KAFKA_TOPICS": str(tool), "PATH": "/bin"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    made = set(re.findall(r"--topic (\S+)", done.stdout))
    header = (root / "libs/stream/include/lineward/stream/topics.h").read_text()
    named = set(re.findall(r'k\w+Topic = "([^"]+)"', header))
    outputs = {f"promotions{each}" for each in re.findall(r'k\w+Suffix = "(\.[^"]+)"', header)}
    outputs.discard("promotions")
    assert len(named) > 10
    assert made == named | outputs


def test_each_configured_secret_is_made_and_only_the_owner_reads_it(
    root: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    script = str(root / "config/compose/make-secrets.sh")
    subprocess.run(["bash", script, str(tmp_path)], check=True)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    config = yaml.safe_load((root / "config/compose/kafka.yaml").read_text())
    assert config["auth"]["tokens"]["file"] in before
    assert len(before[config["keys"]["tenant"]["file"]]) == 32
    assert all(path.stat().st_mode & 0o777 == 0o400 for path in tmp_path.iterdir())
    subprocess.run(["bash", script, str(tmp_path)], check=True)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
