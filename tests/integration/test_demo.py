"""The demo on the binary that the tests built: its transcript, with times and digests masked."""

import pathlib
import re

import pytest
from node import ROOT, lineward

GOLDEN = pathlib.Path(__file__).resolve().parent / "demo.txt"


def masked(transcript: str) -> str:
    transcript = re.sub(r" *\d+\.\d s$", " T", transcript, flags=re.MULTILINE)
    return re.sub(r"ps-[0-9a-f]+…", "ps-…", transcript)


def without_times(transcript: str) -> str:
    return re.sub(r" T$", "", masked(transcript), flags=re.MULTILINE)


def shown_by(readme: str) -> str:
    """The transcript that the README shows below `tools/dev demo`."""
    blocks = re.findall(r"^```text\n(start .*?)^```$", readme, flags=re.MULTILINE | re.DOTALL)
    assert len(blocks) == 1
    return blocks[0]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> str:
    done = lineward("demo", "--state", str(tmp_path_factory.mktemp("demo") / "state"))
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_demo_tells_the_story_of_its_golden_transcript(told: str) -> None:
    assert masked(told) == GOLDEN.read_text(encoding="utf-8")


def test_the_readme_shows_what_the_demo_tells(told: str) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert shown_by(readme) == without_times(told)


@pytest.mark.parametrize("count", ["2,000 promotions", "ALLOW 1,540", "BLOCK 353", "of 200 people"])
def test_a_changed_count_in_the_readme_would_be_found(told: str, count: str) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    digit = count.translate(str.maketrans("0123456789", "1234567890"))
    changed = shown_by(readme).replace(count, digit)
    assert changed != shown_by(readme)
    assert changed != without_times(told)


def test_the_demo_refuses_a_folder_with_an_older_demo(tmp_path: pathlib.Path) -> None:
    (tmp_path / "log").mkdir()
    refused = lineward("demo", "--state", str(tmp_path))
    assert refused.returncode == 2
    assert "older demo" in refused.stderr
