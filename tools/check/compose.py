"""Part of docs.py: docker-compose.yml and Dockerfile, checked as text; no container is started."""

import pathlib
import re
import shutil
import subprocess

import yaml

COMPOSE_FILE = "docker-compose.yml"
IMAGE_PINNED = re.compile(r"(@sha256:[0-9a-f]{64}|:v?\d+\.\d+[\w.-]*)$")
SERVICE_KEYS = ("healthcheck", "read_only", "cap_drop", "security_opt", "user", "mem_limit", "cpus")


def check_compose(root: pathlib.Path) -> list[str]:
    file = root / COMPOSE_FILE
    if not file.exists():
        return []
    try:
        content = yaml.safe_load(file.read_text())
    except yaml.YAMLError as error:
        return [f"{COMPOSE_FILE}:1: does not parse: {' '.join(str(error).split())}"]
    found = [f"top-level `{key}` is refused" for key in ("name", "version") if key in content]
    services = content.get("services", {})
    for name, service in services.items():
        found += [f"service `{name}`: {problem}" for problem in judge_service(root, service)]
        for other in service.get("depends_on", {}):
            if other not in services:
                found.append(f"service `{name}`: depends on `{other}`, which does not exist")
    return [f"{COMPOSE_FILE}:1: {problem}" for problem in found]


def refused(root: pathlib.Path) -> list[str]:
    """What docker-compose itself says of the file, where it is installed; nothing is started."""
    program = shutil.which("docker-compose")
    if program is None or not (root / COMPOSE_FILE).exists():
        return []
    found = []
    for profile in ([], ["--profile", "kafka"]):
        done = subprocess.run(
            [program, *profile, "config", "-q"], cwd=root, capture_output=True, text=True
        )
        if done.returncode != 0:
            found.append(f"{COMPOSE_FILE}:1: refused: {' '.join(done.stderr.split())}")
    return found


def check_packages(root: pathlib.Path) -> list[str]:
    """The image is built with packages that tools/dev installs, too."""
    file, script = root / "Dockerfile", root / "tools" / "dev"
    if not file.exists() or not script.exists():
        return []
    build = re.search(
        r"FROM \S+ AS build\nRUN .*?--no-install-recommends(.*?)\n[A-Z]", file.read_text(), re.S
    )
    listed = re.search(r'PACKAGES = """(.*?)"""', script.read_text(), re.S)
    wanted = set(build[1].replace("\\", " ").split()) if build else set()
    known = set(listed[1].split()) if listed else set()
    return [
        f"Dockerfile:1: package `{name}` is not among those of tools/dev"
        for name in sorted(wanted - known)
    ]


def judge_service(root: pathlib.Path, service: dict) -> list[str]:
    found = []
    image = service.get("image", "")
    if "build" not in service and not IMAGE_PINNED.search(image):
        found.append(f"image `{image}` is not pinned to an exact version")
    # A job that ends by itself is watched by its exit code instead.
    job = service.get("restart") == "no"
    for key in SERVICE_KEYS:
        if key not in service and not (key == "healthcheck" and job):
            found.append(f"no `{key}`")
    for port in service.get("ports", []):
        if not str(port).startswith("127.0.0.1:"):
            found.append(f"port `{port}` is not published on 127.0.0.1 alone")
    for mount in service.get("volumes", []):
        source = str(mount).split(":")[0]
        if source.startswith("./") and not (root / source).exists():
            found.append(f"mount `{source}` does not exist")
    depends = service.get("depends_on", {})
    if isinstance(depends, list):
        found.append("`depends_on` without conditions: use service_healthy or ..._completed_...")
    return found


def findings(root: pathlib.Path) -> list[str]:
    return [*check_compose(root), *check_packages(root)]
