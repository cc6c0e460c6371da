"""Hard check: who includes whom, compared with layers.json and with the DEPS of each lib's build file.

layers.json: `architecture` says per lib which others it may ever include (its unit tests too), `libs`
which it does include (a row enters with its folder), `external` per outside library in which folders
its headers may stand (`*`: anywhere; tests are free of it).
"""

import fnmatch
import json
import pathlib
import re
import sys

import tree

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')
CMAKE_DEPS = re.compile(r"^\s*lineward_library\((.*?)\)", re.S | re.M)
CMAKE_WORDS = {"NAME", "SOURCES", "HEADERS", "DEPS", "EXTERNAL", "PROTO"}
# The first match names the outside library of a header.
LIBRARIES = [
    (re.compile(pattern), name)
    for pattern, name in [
        (r"absl/synchronization/", "absl/synchronization"),
        (r"absl/types/", "absl/types"),
        (r"absl/", "absl"),
        (r"boost/", "boost"),
        (r"CLI/", "cli11"),
        (r"fmt/", "fmt"),
        (r"openssl/", "openssl"),
        (r"prometheus/", "prometheus"),
        (r"google/protobuf/|lineward/.*\.pb\.h$", "protobuf"),
        (r"librdkafka/", "rdkafka"),
        (r"re2/", "re2"),
        (r"rocksdb/", "rocksdb"),
        (r"simdjson", "simdjson"),
        (r"spdlog/", "spdlog"),
        (r"xxhash\.h|xxh3\.h", "xxhash"),
        (r"yaml-cpp/", "yaml-cpp"),
        (r"zlib\.h", "zlib"),
        (r"zstd\w*\.h", "zstd"),
        (r"gtest/|gmock/|benchmark/", "test libraries"),
    ]
]
SYSTEM = re.compile(
    r"[a-z_0-9]+$|(sys|linux|net|netinet|arpa|asm)/|sanitizer/"
    r"|(dirent|dlfcn|endian|errno|fcntl|grp|limits|netdb|poll|pthread|pwd|sched|signal|spawn"
    r"|stdint|stdio|stdlib|string|strings|syscall|termios|time|unistd)\.h$"
)


class Layers:
    def __init__(self, root: pathlib.Path) -> None:
        self.root = root
        table = json.loads((root / "tools/check/layers.json").read_text())
        self.libs: dict[str, list[str]] = table["libs"]
        self.architecture: dict[str, list[str]] = table["architecture"]
        self.external: dict[str, list[str]] = table["external"]
        self.found: list[str] = []

    def check(self) -> list[str]:
        self.check_rows()
        self.check_cycles()
        for name in self.libs:
            self.check_build_file(name)
        for file in tree.files(self.root, ".h", ".cc"):
            self.check_file(file)
        return self.found

    def check_rows(self) -> None:
        folders = {path.name for path in (self.root / "libs").glob("*") if path.is_dir()}
        for name in sorted(folders - self.libs.keys()):
            self.found.append(f"libs/{name}: lib without a row: add it to tools/check/layers.json")
        for name in sorted(self.libs.keys() - folders):
            self.found.append(f"tools/check/layers.json: row `{name}` has no folder libs/{name}")
        for name, row in self.libs.items():
            allowed = self.architecture.get(name, [])
            for dep in row:
                if dep not in allowed:
                    self.found.append(
                        f"tools/check/layers.json: row `{name}` names `{dep}`: the architecture "
                        f"allows {', '.join(allowed) or 'no lib'}"
                    )
                if dep not in self.libs:
                    self.found.append(
                        f"tools/check/layers.json: row `{name}` names `{dep}`, which has no row"
                    )

    def check_cycles(self) -> None:
        done: set[str] = set()

        def visit(name: str, path: list[str]) -> None:
            if name in path:
                circle = " -> ".join([*path[path.index(name) :], name])
                self.found.append(f"tools/check/layers.json: cycle: {circle}")
                return
            if name in done:
                return
            for dep in self.libs.get(name, []):
                visit(dep, [*path, name])
            done.add(name)

        for name in self.libs:
            visit(name, [])

    def check_build_file(self, name: str) -> None:
        file = self.root / "libs" / name / "CMakeLists.txt"
        if not file.exists():
            return
        call = CMAKE_DEPS.search(re.sub(r"#.*", "", file.read_text()))
        deps: list[str] = []
        section = ""
        for word in call[1].split() if call else []:
            if word in CMAKE_WORDS:
                section = word
            elif section == "DEPS":
                deps.append(word)
        if set(deps) != set(self.libs[name]):
            self.found.append(
                f"libs/{name}/CMakeLists.txt: DEPS are {sorted(deps)}, "
                f"the row in layers.json is {sorted(self.libs[name])}: make them equal"
            )

    def check_file(self, file: pathlib.Path) -> None:
        path = file.relative_to(self.root)
        for number, line in enumerate(file.read_text(errors="replace").splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            problem = self.judge(path, match[2], quoted=match[1] == '"')
            if problem:
                self.found.append(f"{path}:{number}: include `{match[2]}`: {problem}")

    def judge(self, path: pathlib.Path, include: str, quoted: bool) -> str:
        for pattern, library in LIBRARIES:
            if pattern.match(include):
                return self.judge_external(path, include, library)
        if not quoted:
            return "" if SYSTEM.match(include) else "unknown outside header: name it in layers.py"
        if "/" not in include or include.startswith(".") or "/../" in include:
            return (
                'write the full name: "lineward/<lib>/x.h", "<lib>/src/x.h" or "tests/support/x.h"'
            )
        return self.judge_ours(path, include)

    def judge_external(self, path: pathlib.Path, include: str, library: str) -> str:
        if include.endswith(".pb.h"):
            proto = self.root / "proto" / include.replace(".pb.h", ".proto")
            if not proto.exists():
                return f"resolves to nothing: no {proto.relative_to(self.root)}"
        if path.parts[0] == "tests":
            return ""
        places = self.external.get(library, [])
        place = path.relative_to("libs") if path.parts[0] == "libs" else path
        if any(place.is_relative_to(each) or fnmatch.fnmatch(str(place), each) for each in places):
            return ""
        return f"`{library}` is allowed in {', '.join(places) or 'no place'}"

    def judge_ours(self, path: pathlib.Path, include: str) -> str:
        parts = include.split("/")
        if parts[0] == "lineward" and len(parts) >= 3:
            target, lib, private = f"libs/{parts[1]}/include/{include}", parts[1], False
        elif len(parts) >= 3 and parts[1] == "src" and parts[0] in self.libs:
            target, lib, private = f"libs/{include}", parts[0], True
        else:
            target, lib, private = include, "", False
        if not (self.root / target).exists():
            return f"resolves to nothing: no {target}"
        if lib:
            return self.judge_lib(path, lib, private)
        return self.judge_folder(path, parts)

    def judge_lib(self, path: pathlib.Path, lib: str, private: bool) -> str:
        owner = path.parts[1] if path.parts[0] == "libs" else ""
        is_unit = path.parts[:2] == ("tests", "unit") and path.parts[2] in self.libs
        if private:
            if owner == lib:
                public = len(path.parts) > 2 and path.parts[2] == "include"
                return "public headers include only public headers" if public else ""
            if path.parts[:3] == ("tests", "unit", lib):
                return ""
            if path.parts[:2] in (("tests", n) for n in ("fuzz", "bench", "conformance")):
                return ""
            return f"private: allowed in libs/{lib}/src and tests/unit/{lib}"
        if is_unit:
            owner = path.parts[2]
        if not owner:
            return ""
        table = self.architecture if is_unit else self.libs
        allowed = [owner, *table.get(owner, [])]
        return "" if lib in allowed else f"`{owner}` may include {', '.join(sorted(allowed))}"

    def judge_folder(self, path: pathlib.Path, parts: list[str]) -> str:
        top = path.parts[0]
        if parts[0] == "tests":
            return "" if top == "tests" else "tests are included by tests only"
        if parts[0] in ("services", "tools"):
            return "" if top in ("services", "tools", "tests") else "libs include libs only"
        return "allowed are libs, services, tools/lineward and tests/support"


def findings(root: pathlib.Path) -> list[str]:
    return Layers(root).check()


if __name__ == "__main__":
    sys.exit(tree.main(findings))
