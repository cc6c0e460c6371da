"""The second reader against the document's example and against blocks that the C++ writer made."""

import hashlib
import os
import pathlib
import re
import subprocess

import block_v1
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
MAKER = ROOT / "build" / "dev" / "bin" / "make_random_blocks"
GOLDEN = pathlib.Path(__file__).with_name("block_digest.txt")
BLOCKS = 10_000


def example() -> dict[str, bytes]:
    document = (ROOT / "docs" / "formats" / "block-v1.md").read_text()
    parts = re.findall(r"```hex ([^\n]*)\n(.*?)```", document, re.DOTALL)
    found = {name: bytes.fromhex(text.replace("\n", "")) for name, text in parts}
    found["header"] = re.search(r"```text header\n(.*?)```", document, re.DOTALL)[1].encode()
    return found


def example_message(parts: dict[str, bytes]) -> bytes:
    message = b"LWB1" + len(parts["header"]).to_bytes(2, "big") + parts["header"] + b"\x02"
    for kind, raw in ((1, parts["scan"]), (2, parts["ident"])):
        size = len(raw).to_bytes(4, "big")
        message += bytes([kind, 0]) + size + size
        message += block_v1.xxhash.xxh3_64_digest(raw) + raw
    return message


def test_the_documents_example_is_one_block() -> None:
    parts = example()
    message = example_message(parts)
    assert block_v1.sha256(message) == parts["message_sha256"]
    block = block_v1.read_block(message)
    assert block.rows == [parts["row 0"], parts["row 1"]]
    assert block.leaves() == [parts["leaf 0"], parts["leaf 1"]]
    assert block.root() == parts["root"] == block_v1.header_root(block)
    envelope = block.envelopes[0]
    assert (envelope.data, envelope.key, envelope.rows) == (parts["envelope"], 40, 2)
    tag = block_v1.envelope_tag(block, envelope, bytes(range(32)), parts["text"])
    assert envelope.data[1:33] == tag


def test_a_changed_row_has_another_root() -> None:
    parts = example()
    message = bytearray(example_message(parts))
    at = message.index(b"home-feed")
    message[at] ^= 1
    body = parts["scan"].replace(b"home-feed", b"iome-feed", 1)
    parts["scan"] = body
    block = block_v1.read_block(example_message(parts))
    assert block.root() != block_v1.header_root(block)


class Digests:
    """What block_digest.h tells of a list of blocks, by this reader."""

    def __init__(self) -> None:
        self.parts = {name: hashlib.sha256() for name in ("sections", "rows", "roots")}

    def add(self, block: block_v1.Block) -> None:
        for name, values in (("sections", block.sections), ("rows", block.rows)):
            for value in values:
                self.parts[name].update(len(value).to_bytes(4, "big") + value)
        self.parts["roots"].update(block.root())

    def text(self, lists: int, seed: str) -> str:
        lines = [f"lists {lists}", f"seed {seed}"]
        lines += [f"{name} {digest.hexdigest()}" for name, digest in self.parts.items()]
        return "".join(line + "\n" for line in lines)


def random_messages(seed: str) -> list[bytes]:
    if not MAKER.exists():
        pytest.skip("the C++ generator is not built (build/dev/bin/make_random_blocks)")
    made = subprocess.run([MAKER, str(BLOCKS), seed], check=True, capture_output=True).stdout
    messages = []
    at = 0
    while at < len(made):
        size = int.from_bytes(made[at : at + 4], "big")
        messages.append(made[at + 4 : at + 4 + size])
        at += 4 + size
    return messages


def test_random_blocks_give_rows_with_their_root() -> None:
    seed = os.environ.get("LINEWARD_SEED", "1")
    messages = random_messages(seed)
    digests = Digests()
    assert len(messages) == BLOCKS
    used: set[tuple[int, int]] = set()
    sizes: set[int] = set()
    dictionaries: set[int] = set()
    rows = 0
    for i, message in enumerate(messages):
        block = block_v1.read_block(message)
        assert block.root() == block_v1.header_root(block), f"block {i}"
        digests.add(block)
        rows += len(block.rows)
        sizes.add(len(block.rows))
        used |= {(min(column, 1000), encoding) for column, encoding, _ in block.used}
        dictionaries |= {k for _, encoding, k in block.used if encoding == block_v1.DICT}
    print(f"{rows} rows")
    assert {0, 1, 1024} <= sizes
    assert {256, 257} <= dictionaries
    # Each encoding where it may stand, with and without absent values.
    wanted = {(column, kind) for column in range(2, 8) for kind in (block_v1.CONST, block_v1.DICT)}
    wanted |= {(80, block_v1.DELTA)}
    for column, kinds in {
        81: [block_v1.DELTA],
        82: [block_v1.DELTA],
        83: [block_v1.SEQ],
        84: [block_v1.PLANES, block_v1.VAR],
        85: [block_v1.SEQ],
        87: [block_v1.ENVELOPES],
        1000: [block_v1.DELTA, block_v1.PLANES, block_v1.VAR],
    }.items():
        wanted |= {(column, kind | bit) for kind in kinds for bit in (0, 0x80)}
    wanted |= {(86, block_v1.SEQ | 0x80), (1000, block_v1.CONST), (1000, block_v1.DICT)}
    missing = sorted(wanted - used)
    assert not missing
    if seed == "1":
        # The C++ tests of every preset compare themselves with this file.
        if os.environ.get("LINEWARD_UPDATE_GOLDENS") == "1":
            GOLDEN.write_text(digests.text(BLOCKS, seed))
        assert GOLDEN.read_text() == digests.text(BLOCKS, seed)
