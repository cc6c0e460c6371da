"""Hard check: what documents say is there: folder table, lib READMEs, links, error reasons, compose.

`--fix` rewrites the folder table of README.md from the tree and the first sentences of the folders'
READMEs (a folder without a README keeps the sentence that stands in the table) and sorts the
sections of docs/errors.md, each once.
"""

import pathlib
import re
import shutil
import subprocess
import sys

import generated
import tree
import yaml

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
ROW = re.compile(r"^\| \[`([^`]+)`\]\(([^)]+)\) \| (.*) \|$")
TABLE_BEGIN, TABLE_END = "<!-- folders -->", "<!-- /folders -->"
README_LINES_MAX = 20
REASON = re.compile(r'"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)"')
SECTION_PARTS = ("**Cause.**", "**Example.**", "**What to do.**")
COMPOSE_FILE = "docker-compose.yml"
IMAGE_PINNED = re.compile(r"(@sha256:[0-9a-f]{64}|:v?\d+\.\d+[\w.-]*)$")
SERVICE_KEYS = ("healthcheck", "read_only", "cap_drop", "security_opt", "user", "mem_limit", "cpus")


# --- the folder table ------------------------------------------------------------------------------


def folders(root: pathlib.Path) -> list[str]:
    """What the table has a row for: each lib and service, every other folder of the root."""
    tops = {path.relative_to(root).parts[0] for path in tree.files(root)} - {"libs", "services"}
    names = [name for name in sorted(tops) if (root / name).is_dir() and not name.startswith(".")]
    nested = [
        str(path.relative_to(root))
        for top in ("libs", "services")
        for path in sorted((root / top).glob("*"))
        if path.is_dir() and tree.files(path)
    ]
    return nested + names


def first_sentence(readme: pathlib.Path) -> str:
    text = " ".join(readme.read_text().split("\n\n")[1].split())
    return re.split(r"(?<=\.)\s", text)[0].rstrip(".:").replace("|", "\\|")


def sentence_of(root: pathlib.Path, folder: str, stands: dict[str, str]) -> str:
    readme = root / folder / "README.md"
    return first_sentence(readme) if readme.exists() else stands.get(folder, "")


def table_rows(readme: pathlib.Path) -> tuple[int, list[str]]:
    lines = readme.read_text().splitlines()
    if TABLE_BEGIN not in lines or TABLE_END not in lines:
        return 0, []
    begin = lines.index(TABLE_BEGIN) + 1
    return begin + 1, lines[begin : lines.index(TABLE_END)]


def wanted_rows(root: pathlib.Path, rows: list[str]) -> list[str]:
    matches = [match for row in rows if (match := ROW.match(row))]
    stands = {match[1]: match[3] for match in matches}
    return [
        f"| [`{folder}`]({folder}) | {sentence_of(root, folder, stands)} |"
        for folder in folders(root)
    ]


def check_table(root: pathlib.Path) -> list[str]:
    readme = root / "README.md"
    if not readme.exists():
        return ["README.md: missing"]
    first, rows = table_rows(readme)
    if not first:
        return [f"README.md:1: no folder table between {TABLE_BEGIN} and {TABLE_END}"]
    body = [row for row in rows if ROW.match(row)]
    wanted = wanted_rows(root, rows)
    found = []
    for row in body:
        if row not in wanted:
            number = first + rows.index(row)
            found.append(f"README.md:{number}: stale row `{row[:60]}`: run `tools/dev fix`")
    for row in wanted:
        if row not in body:
            found.append(f"README.md:{first}: no row `{row[:60]}`: run `tools/dev fix`")
        elif row.endswith("|  |"):
            found.append(f"README.md:{first}: `{row[:60]}` has no sentence: write one")
    return found


def fix(root: pathlib.Path) -> None:
    fix_table(root)
    fix_reasons(root)
    generated.fix(root)


def fix_table(root: pathlib.Path) -> None:
    readme = root / "README.md"
    first, rows = table_rows(readme)
    if not first:
        return
    lines = readme.read_text().splitlines()
    header = ["", "| folder | what it is |", "|---|---|"]
    body = [*header, *wanted_rows(root, rows), ""]
    lines[first - 1 : first - 1 + len(rows)] = body
    readme.write_text("\n".join(lines) + "\n")


# --- READMEs of libs and services ------------------------------------------------------------------


def check_readmes(root: pathlib.Path) -> list[str]:
    found = []
    for folder in folders(root):
        top = folder.split("/")[0]
        if top not in ("libs", "services"):
            continue
        readme = root / folder / "README.md"
        if not readme.exists():
            found.append(f"{folder}: no README.md: 20 lines at most, see libs/base/README.md")
            continue
        text = readme.read_text()
        lines = len(text.splitlines())
        if lines > README_LINES_MAX:
            found.append(
                f"{folder}/README.md:{README_LINES_MAX}: {lines} lines: at most {README_LINES_MAX}"
            )
        if top != "libs":
            continue
        start = re.search(r"Start here: `([^`]+)`", text)
        if not start:
            found.append(f"{folder}/README.md:1: no line `Start here: <header in backticks>`")
        elif not (root / folder / start[1]).exists():
            found.append(f"{folder}/README.md:1: starts at `{start[1]}`, which does not exist")
        if "Not here:" not in text:
            found.append(f"{folder}/README.md:1: no line `Not here: ...`")
    return found


# --- links -----------------------------------------------------------------------------------------


def anchors(file: pathlib.Path) -> set[str]:
    found = set()
    for line in file.read_text().splitlines():
        if line.startswith("#"):
            title = line.lstrip("#").strip()
            slug = re.sub(r"[^\w\- ]", "", title.lower().replace("`", "")).replace(" ", "-")
            found |= {slug, title}
    return found


def check_links(root: pathlib.Path) -> list[str]:
    found = []
    for file in tree.files(root, ".md"):
        in_code = False
        for number, line in enumerate(file.read_text().splitlines(), 1):
            if line.startswith("```"):
                in_code = not in_code
            if in_code:
                continue
            for match in LINK.finditer(line):
                problem = judge_link(root, file, match[1] or match[2])
                if problem:
                    found.append(f"{file.relative_to(root)}:{number}: {problem}")
    return found


def judge_link(root: pathlib.Path, file: pathlib.Path, link: str) -> str:
    if re.match(r"[a-z]+:", link):
        return ""
    name, _, anchor = link.partition("#")
    target = (file.parent / name).resolve() if name else file
    if not target.exists() or not target.is_relative_to(root):
        return f"dead link `{link}`"
    if anchor and target.suffix == ".md" and anchor not in anchors(target):
        return f"dead link `{link}`: no heading `{anchor}`"
    return ""


# --- error reasons ---------------------------------------------------------------------------------


def declared_reasons(root: pathlib.Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for file in tree.files(root, ".h"):
        if file.name != "reasons.h":
            continue
        for number, line in enumerate(file.read_text().splitlines(), 1):
            for reason in REASON.findall(line.split("//")[0]):
                found.setdefault(reason, f"{file.relative_to(root)}:{number}")
    return found


def check_reasons(root: pathlib.Path) -> list[str]:
    declared = declared_reasons(root)
    document = root / "docs" / "errors.md"
    if not document.exists():
        return ["docs/errors.md: missing"] if declared else []
    sections: dict[str, tuple[int, str]] = {}
    found = []
    current = ""
    for number, line in enumerate(document.read_text().splitlines(), 1):
        if line.startswith("## "):
            current = line[3:].strip("` ")
            if current in sections:
                found.append(f"docs/errors.md:{number}: section `{current}` stands twice")
            sections[current] = (number, "")
        elif current:
            sections[current] = (sections[current][0], sections[current][1] + line + "\n")
    for reason, place in declared.items():
        if reason not in sections:
            found.append(f"{place}: reason `{reason}` has no section `## {reason}` in errors.md")
    for name, (number, text) in sections.items():
        if not REASON.fullmatch(f'"{name}"'):
            continue
        if name not in declared:
            found.append(
                f"docs/errors.md:{number}: `{name}` is in no reasons.h: remove the section"
            )
        for part in SECTION_PARTS:
            if text.count(part) != 1:
                found.append(
                    f"docs/errors.md:{number}: `{name}` has {text.count(part)} parts {part}: one"
                )
    return found


def is_complete(section: str) -> bool:
    return all(section.count(part) == 1 for part in SECTION_PARTS)


def fix_reasons(root: pathlib.Path) -> None:
    """Sorts the sections of docs/errors.md; of several with one heading the first complete one stays."""
    document = root / "docs" / "errors.md"
    if not document.exists():
        return
    head, *sections = re.split(r"^(?=## )", document.read_text(), flags=re.M)
    kept: dict[str, str] = {}
    for section in sections:
        title = section.splitlines()[0]
        if title not in kept or not is_complete(kept[title]):
            kept[title] = section
    parts = [head, *(kept[title] for title in sorted(kept))]
    document.write_text("\n".join(part.strip("\n") + "\n" for part in parts))


# --- compose ---------------------------------------------------------------------------------------


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


def compose_refused(root: pathlib.Path) -> list[str]:
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
    return [
        *check_table(root),
        *check_readmes(root),
        *check_links(root),
        *check_reasons(root),
        *check_compose(root),
        *compose_refused(root),
        *check_packages(root),
        *generated.findings(root),
    ]


if __name__ == "__main__":
    sys.exit(tree.main(findings))
