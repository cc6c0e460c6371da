"""Every `lineward` command that the README shows, run against the demo that it tells to start."""

import pathlib
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator

import pytest
from node import BINARY, DEV, PATIENCE, ROOT, clean_environment

README = (ROOT / "README.md").read_text(encoding="utf-8")
# Shown to be typed by hand before the first command.
ALIAS = "alias lineward=build/release/bin/lineward"
EXIT = re.compile(r"; echo \"exit \$\?\"$")


class Demo:
    """`lineward demo --keep` on free ports."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.told = ""
        self.endpoint = ""
        self.process = subprocess.Popen(
            [str(BINARY), "demo", "--keep", f"--state={folder}/state", "--port=0"]
            + ["--admin-port=0"],
            stdout=subprocess.PIPE,
            text=True,
            env=clean_environment(),
        )

    def wait_told(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.told += line
            if line.startswith("next "):
                break
        found = re.search(r"^api +(http://\S+?)/v1/", self.told, flags=re.MULTILINE)
        assert found is not None, self.told
        self.endpoint = found[1]

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        words = shlex.split(command)
        assert words[0] == "lineward"
        target = None
        if ">" in words:
            target = self.folder / words[words.index(">") + 1]
            words = words[: words.index(">")]
        done = subprocess.run(
            [str(BINARY), *words[1:]],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            cwd=self.folder,
            env=clean_environment() | {"LINEWARD_ENDPOINT": self.endpoint},
        )
        if target is not None:
            target.write_text(done.stdout, encoding="utf-8")
            done.stdout = ""
        return done


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    demo = Demo(tmp_path_factory.mktemp("readme"))
    try:
        demo.wait_told()
        yield demo
    finally:
        demo.process.send_signal(signal.SIGTERM)
        demo.process.wait(timeout=PATIENCE)


def shape(text: str) -> str:
    """What stays the same from run to run: no times, no place in a partition of what is listed."""
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME", text)
    text = re.sub(r"^promotions-\d+-\d+(?=  ✗ BLOCK  \S+  \S)", "ID", text, flags=re.MULTILINE)
    return "\n".join(" ".join(line.split()) for line in text.strip().splitlines())


def shown(readme: str) -> list[tuple[str, str]]:
    """The commands of the transcripts, each with the output below it."""
    found = []
    for block in re.findall(r"^```text\n(.*?)^```$", readme, flags=re.MULTILINE | re.DOTALL):
        for entry in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = entry.partition("\n")
            found.append((command, output))
    return found


def differences(readme: str, demo: Demo) -> list[str]:
    """Commands that do not do what the README shows."""
    wrong = []
    for command, output in shown(readme):
        if command == ALIAS:
            continue
        done = demo.run(EXIT.sub("", command))
        got = done.stdout + done.stderr
        if EXIT.search(command):
            got += f"exit {done.returncode}\n"
        elif done.returncode != 0:
            wrong.append(f"$ {command}\nexit {done.returncode}, 0 is shown\n{got}")
            continue
        if shape(got) != shape(output):
            wrong.append(f"$ {command}\n{got}")
    return wrong


def test_each_command_does_what_the_readme_shows(demo: Demo) -> None:
    assert differences(README, demo) == []


def test_the_readme_shows_the_alias_that_the_demo_names(demo: Demo) -> None:
    assert shown(README)[0][0] == ALIAS
    assert ALIAS in demo.told


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("decision count --by outcome,reason", "decision count --by outcome,raeson"),
        ("decision explain promotions-1-2\n", "decision explain promotions-1-3\n"),
        ("decision list --filter", "decisions list --filter"),
        ("surface = home_feed' --limit 2", "surface = home_feed' --limit 3"),
        ("dataset get default/support-chats", "dataset get default/support-chat"),
        (" --fail-on block", ""),
        ("decision lst", "decision list"),
        ("MODEL_UNKNOWN               80", "MODEL_UNKNOWN               81"),
        ("4 purpose        refused", "4 purpose        passed "),
    ],
)
def test_a_changed_readme_would_be_found(demo: Demo, old: str, new: str) -> None:
    assert README.count(old) >= 1
    wrong = differences(README.replace(old, new, 1), demo)
    assert len(wrong) == 1, wrong


def test_the_commands_within_sentences_run(tmp_path: pathlib.Path) -> None:
    spans = set(re.findall(r"`(?:build/release/bin/)?(lineward [^`]+)`", README))
    settings = DEV | {"state_dir": str(tmp_path / "state")}
    yaml = "".join(f'{key}: "{value}"\n' for key, value in settings.items() if "." not in key)
    for group in ("auth", "http", "admin", "log", "lifecycle", "ledger", "topics", "embedded"):
        inner = {k.partition(".")[2]: v for k, v in settings.items() if k.startswith(group + ".")}
        yaml += group + ": {" + ", ".join(f'{k}: "{v}"' for k, v in inner.items()) + "}\n"
    (tmp_path / "lineward.yaml").write_text(yaml)
    assert spans == {"lineward --help", "lineward serve --config lineward.yaml"}
    for span in spans:
        process = subprocess.Popen(
            [str(BINARY), *shlex.split(span)[1:]],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            env=clean_environment(),
        )
        assert process.stdout is not None and process.stderr is not None
        first = process.stdout.readline()
        assert first, process.stderr.read()
        if " serve " in span:
            deadline = time.monotonic() + PATIENCE
            while "node_listening" not in first and time.monotonic() < deadline:
                first = process.stdout.readline()
            process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, span
