"""The demo on the binary that the tests built: its transcript, with times and digests masked."""

import pathlib
import re

from node import lineward

GOLDEN = pathlib.Path(__file__).resolve().parent / "demo.txt"


def masked(transcript: str) -> str:
    transcript = re.sub(r" *\d+\.\d s$", " T", transcript, flags=re.MULTILINE)
    return re.sub(r"ps-[0-9a-f]+…", "ps-…", transcript)


def test_the_demo_tells_the_story_of_its_golden_transcript(tmp_path: pathlib.Path) -> None:
    told = lineward("demo", "--state", str(tmp_path / "state"))
    assert told.returncode == 0, told.stderr
    assert masked(told.stdout) == GOLDEN.read_text(encoding="utf-8")


def test_the_demo_refuses_a_folder_with_an_older_demo(tmp_path: pathlib.Path) -> None:
    (tmp_path / "log").mkdir()
    refused = lineward("demo", "--state", str(tmp_path))
    assert refused.returncode == 2
    assert "older demo" in refused.stderr
