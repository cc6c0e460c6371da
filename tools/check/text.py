"""Report: words, calls and messages that the house does without, each with what to use instead."""

import pathlib
import re
import sys

import tree

FILE_BYTES_MAX = 1 << 20
# pattern, files it is looked for in (by first folder; empty: all), what instead
RULES = [
    (r"\b(TODO|FIXME|XXX)\b", (), "open work is an issue"),
    (r"absl::Mutex", (), "base::Mutex"),
    (r"std::async\b", (), "a named base thread"),
    (r"\.detach\(\)", (), "a std::jthread that its owner joins"),
    (r"\bsleep_for\b|\bsleep_until\b", ("tests",), "wait on a condition with a deadline"),
    (r"\bdynamic_cast\b", ("libs", "services"), "an interface, or a variant"),
    (r"\bstd::(cout|cerr)\b", ("libs",), "telemetry's log"),
    (r"\bassert\(", ("libs", "services"), "LW_CHECK"),
    (r"\babsl::InternalError\b", (), "a code of docs/STYLE.md: INTERNAL is never made by us"),
]
# base::InvalidArgument(kReason, "message ...": what section 7 of the style says of messages.
MESSAGE = re.compile(
    r"base::(?:InvalidArgument|OutOfRange|NotFound|AlreadyExists|FailedPrecondition|Aborted"
    r'|ResourceExhausted|Unavailable|DeadlineExceeded|DataLoss|Annotate)\(\s*[\w:]+,\s*"([^"]*)"'
)
# A message that only says that something failed; `error: {}` before one that says what is none.
SHOUTED = re.compile(r'"(Error|error|ERROR): (?!\{\})[^"]*"|"[^"]*(failed|invalid)!"')


def judge_message(message: str) -> str:
    if re.match(r"[A-Z][a-z]+(?![a-z-])", message):
        return "starts with a capital letter"
    if message.endswith("."):
        return "ends with a full stop"
    return "has a line break" if "\\n" in message else ""


def findings(root: pathlib.Path) -> list[str]:
    lines = []
    rules = [(re.compile(pattern), tops, instead) for pattern, tops, instead in RULES]
    for file in tree.files(root):
        path = file.relative_to(root)
        if file.stat().st_size > FILE_BYTES_MAX:
            lines.append(f"{path}:1: {file.stat().st_size} bytes: at most {FILE_BYTES_MAX}")
        if path.suffix not in (".h", ".cc", ".py", ".proto", ".cmake", ".yaml"):
            continue
        if path.parts[:2] == ("tools", "check") or path.parts[:3] == ("tests", "unit", "check"):
            continue  # They name what they look for.
        text = file.read_text(errors="replace")
        for number, line in enumerate(text.splitlines(), 1):
            code = line.split("//")[0]
            for pattern, tops, instead in rules:
                match = pattern.search(code if tops or "::" in instead else line)
                if match and (not tops or path.parts[0] in tops):
                    lines.append(f"{path}:{number}: `{match[0]}`: instead: {instead}")
            if path.parts[0] in ("libs", "services") and SHOUTED.search(line):
                lines.append(
                    f"{path}:{number}: message {SHOUTED.search(line)[0]}: say what and why"
                )
        for match in MESSAGE.finditer(text):
            problem = judge_message(match[1])
            if problem:
                number = text.count("\n", 0, match.start()) + 1
                lines.append(f'{path}:{number}: message "{match[1][:50]}" {problem}')
    lines.append(f"text: {len(lines)} findings")
    return lines


if __name__ == "__main__":
    sys.exit(tree.main(findings, hard=False))
