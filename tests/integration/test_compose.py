"""The settings of the compose file on the real binary, with secrets as its container makes them."""

import pathlib
import subprocess

import pytest
from node import ROOT, lineward

COMPOSE = ROOT / "config" / "compose"


@pytest.fixture(name="secrets")
def made_secrets(tmp_path: pathlib.Path) -> pathlib.Path:
    folder = tmp_path / "secrets"
    folder.mkdir()
    script = ["bash", str(COMPOSE / "make-secrets.sh"), str(folder)]
    subprocess.run(script, check=True, capture_output=True, timeout=30)
    return folder


def check(settings: pathlib.Path, secrets: pathlib.Path) -> subprocess.CompletedProcess[str]:
    credentials = {"CREDENTIALS_DIRECTORY": str(secrets)}
    return lineward("config", "check", "--config", str(settings), env=credentials)


@pytest.mark.parametrize("name", ["embedded.yaml", "kafka.yaml"])
def test_the_settings_of_compose_fit_the_binary(name: str, secrets: pathlib.Path) -> None:
    checked = check(COMPOSE / name, secrets)
    assert checked.returncode == 0, checked.stderr


def test_the_settings_are_refused_without_their_secrets(tmp_path: pathlib.Path) -> None:
    assert check(COMPOSE / "embedded.yaml", tmp_path).returncode == 2
