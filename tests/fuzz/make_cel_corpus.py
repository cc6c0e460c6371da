"""Writes tests/fuzz/corpus/cel_parser and cel_vm: expressions that reach every construct."""

import pathlib

FOLDER = pathlib.Path(__file__).parent / "corpus"

EXPRESSIONS = [
    "rank > 1 && event.surface in ['home', \"search\"] || !has(event.rank)",
    "labels.exists(l, l.startsWith('s') && [1, 2].all(x, x <= rank))",
    "labels.map(l, size(l) > 3, l + '_' + string(size(l)))[0] == 'synthetic_9'",
    "[1, 2, 3].filter(x, x % 2 == 1).exists_one(x, x / 2 == 0)",
    "{'a': 1, 'b': [2u, 3.5, null]}.b[1] ?\n 1 : -2",
    "at - duration('1h30m') < timestamp('2026-03-01T00:00:00.5+01:00')",
    "at.getHours('02:00') + at.getDayOfWeek() - duration('90m').getMinutes()",
    "purpose.under('dpv:Marketing', 'dpv:Purpose') && share >= 0.3",
    "event.surface.matches('^h(o|a)me$') && !'a'.matches('(')",
    "int('7') + int(1.5) == int(2u) && double('1e3') != 0.0 && bool('t')",
    "type(dyn([1, 'a'])) == list || b'\\x00\\377' + bytes('\\u00e9') == b''",
    "r'\\d' + '''a\n'b\\'''' + \"\\U0001f600\"",
    "1 / 0 == 0 || true ? .rank : {0: 1, 0u: 2}[0.0]",
    "----1 + !!true - 0x7FFFFFFFFFFFFFFF * 18446744073709551615u",
    "x.`a b` // a comment\n + [[[[1]]]][0][0]",
    "[1].map(a, [a, a]).map(b, [b, b]).map(c, [c, c]) == [[[[1, 1]]]]",
    "(((((((((rank)))))))))",
    "rank +",
    "'open",
    "labels[2] == labels[1] || [rank, 1][2] == 0",
    "a & b",
    "if.else",
]


def main() -> None:
    for name, prefixes in (("cel_parser", [b""]), ("cel_vm", [b"\x00", b"\x09", b"\x02"])):
        folder = FOLDER / name
        folder.mkdir(parents=True, exist_ok=True)
        for number, expression in enumerate(EXPRESSIONS):
            prefix = prefixes[number % len(prefixes)]
            (folder / f"expression_{number}").write_bytes(prefix + expression.encode())


if __name__ == "__main__":
    main()
