import pathlib
import subprocess
import sys
from collections.abc import Iterator

import pytest

SUPPORT = pathlib.Path(__file__).resolve().parents[1] / "support"
sys.path.insert(0, str(SUPPORT))


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "kafka: starts an Apache Kafka of its own")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An Apache Kafka of this file alone: policies and registry are those of a whole cluster."""
    folder = tmp_path_factory.mktemp("kafka") / "broker"
    command = [sys.executable, str(SUPPORT / "kafka" / "broker.py"), "run", "--dir", str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None and run.stdin is not None
        line = run.stdout.readline().strip()
        if not line:
            pytest.skip("no Kafka broker can be started here")
        yield line
        run.stdin.close()
        run.wait(timeout=30)
