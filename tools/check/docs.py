"""Hard check: what documents say is there: folder table, lib READMEs, links, error reasons, compose.

`--fix` rewrites the folder table of README.md from the tree and the first sentences of the folders'
READMEs (a folder without a README keeps the sentence that stands in the table) and sorts the
sections of docs/errors.md, each once.
"""

import pathlib
import re
import sys

import compose
import generated
import tree

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
ROW = re.compile(r"^\| \[`([^`]+)`\]\(([^)]+)\) \| (.*) \|$")
TABLE_BEGIN, TABLE_END = "<!-- folders -->", "<!-- /folders -->"
README_LINES_MAX = 20
REASON = re.compile(r'"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)"')
SECTION_PARTS = ("**Cause.**", "**Example.**", "**What to do.**")


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
    paragraphs = [*readme.read_text().split("\n\n"), "", ""]
    text = " ".join(paragraphs[1].split())
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
            for match in LINK.finditer(re.sub(r"`[^`]*`", "", line)):
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


def findings(root: pathlib.Path) -> list[str]:
    return [
        *check_table(root),
        *check_readmes(root),
        *check_links(root),
        *check_reasons(root),
        *compose.findings(root),
        *generated.findings(root),
    ]


def all_findings(root: pathlib.Path) -> list[str]:
    return [*findings(root), *compose.refused(root)]


if __name__ == "__main__":
    sys.exit(tree.main(all_findings))
