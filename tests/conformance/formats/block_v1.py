"""A second reader of decision blocks, written from docs/formats/block-v1.md alone."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import hmac
import re
import struct
import uuid
from collections.abc import Iterator

import xxhash
import zstandard

HEADER = re.compile(
    r"lineward/block/v1\n"
    r"source (?P<cluster>[A-Za-z0-9._-]{1,249}) (?P<topic>[A-Za-z0-9._-]{1,249}) (?P<partition>N)\n"
    r"offsets (?P<first>N) (?P<next>N)\n"
    r"rows (?P<rows>N) gaps (?P<gap0>N) (?P<gap1>N) (?P<gap2>N)\n"
    r"root (?P<root>[A-Za-z0-9+/]{43}=)\n"
    r"time (?P<time>N)\n"
    r"set ps-(?P<set>[0-9a-f]{64})\n"
    r"routed (?P<route1>N) (?P<route2>N) (?P<route3>N) (?P<route4>N)\n"
    r"flags (?P<flags>none|genesis(,at-least-once)?(,control-stale)?"
    r"|at-least-once(,control-stale)?|control-stale)\n"
    r"row-format 1\n".replace("N", "(?:0|[1-9][0-9]*)")
)
CONST, DICT, SEQ, DELTA, PLANES, VAR, ENVELOPES = range(1, 8)
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Refused(Exception):
    """The bytes are no block of this format."""


def require(condition: bool, message: str) -> None:
    if not condition:
        raise Refused(message)


class Reader:
    """A cursor over bytes."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, size: int) -> bytes:
        require(self.at + size <= len(self.data), "cut")
        self.at += size
        return self.data[self.at - size : self.at]

    def u8(self) -> int:
        return self.take(1)[0]

    def uv(self) -> int:
        if self.at < len(self.data) and self.data[self.at] < 0x80:
            return self.u8()
        value = 0
        for i in range(10):
            byte = self.u8()
            value |= (byte & 0x7F) << (7 * i)
            if byte < 0x80:
                require(byte != 0 or i == 0, "not the shortest form")
                require(value < 1 << 64, "over 64 bits")
                return value
        raise Refused("over 10 bytes")

    def sv(self) -> int:
        value = self.uv()
        return value >> 1 if value & 1 == 0 else -(value >> 1) - 1

    def chunk(self) -> bytes:
        return self.take(self.uv())

    def end(self) -> bool:
        return self.at == len(self.data)


def uv(value: int) -> bytes:
    if value < 0x80:
        return bytes([value])
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def sv(value: int) -> bytes:
    return uv(value << 1 if value >= 0 else (-value << 1) - 1)


def field(number: int, value: bytes) -> bytes:
    return uv(number) + uv(len(value)) + value


def fields(data: bytes) -> Iterator[tuple[int, bytes]]:
    reader = Reader(data)
    last = 0
    while not reader.end():
        number = reader.uv()
        require(number > last, "fields do not ascend")
        last = number
        yield number, reader.chunk()


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def tree_root(leaves: list[bytes]) -> bytes:
    if not leaves:
        return sha256(b"")
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\x01" + tree_root(leaves[:split]) + tree_root(leaves[split:]))


def id_text(data: bytes) -> str:
    form, rest = data[0], data[1:]
    if form == 0:
        return rest.decode()
    if form == 4:
        return str(Reader(rest).uv())
    require(len(rest) == 16 and form < 4, "no id")
    if form == 3:
        number = int.from_bytes(rest, "big")
        return "".join(CROCKFORD[number >> 5 * i & 31] for i in range(25, -1, -1))
    return str(uuid.UUID(bytes=rest)) if form == 1 else rest.hex()


@dataclasses.dataclass
class Envelope:
    data: bytes
    key: int
    first_row: int
    rows: int = 0


@dataclasses.dataclass
class Block:
    header_text: str
    header: dict[str, str]
    rows: list[bytes]
    envelopes: list[Envelope]
    # (column, encoding with bit 7, dictionary size or 0): what this block made use of.
    used: set[tuple[int, int, int]]
    # Scan and ident, decompressed.
    sections: list[bytes]

    def leaves(self) -> list[bytes]:
        return [sha256(b"\x00" + row) for row in self.rows]

    def root(self) -> bytes:
        return tree_root(self.leaves())


def codes(reader: Reader, k: int, m: int) -> list[int]:
    """m codes over k values by first appearance."""
    indexes = []
    seen = 0
    for _ in range(m):
        code = reader.uv()
        require(code <= seen, "a code before its value")
        if code == 0:
            indexes.append(seen)
            seen += 1
        else:
            indexes.append(seen - code)
    require(seen == k, "not each value is used")
    return indexes


class Section:
    """The columns of one raw section: per column and row the bytes of its fields, or None."""

    def __init__(self, n: int, first: int) -> None:
        self.n = n
        self.first = first
        self.columns: dict[int, list[bytes | None]] = {}
        self.offsets = [first + i for i in range(n)]
        self.envelopes: list[Envelope] = []
        self.envelope_of: list[tuple[int, int] | None] = [None] * n
        self.used: set[tuple[int, int, int]] = set()

    def read(self, raw: bytes, known: set[int] | None) -> None:
        reader = Reader(raw)
        last = 0
        for _ in range(reader.uv()):
            column = reader.uv()
            encoding = reader.u8()
            require(column > last, "columns do not ascend")
            require(known is None or column in known, f"column {column} in this section")
            last = column
            body = Reader(reader.chunk())
            values = self.column(column, encoding, body)
            require(body.end(), f"column {column}: body too long")
            self.columns[column] = values
        require(reader.end(), "bytes behind the last column")

    def column(self, column: int, encoding: int, body: Reader) -> list[bytes | None]:
        n = self.n
        present = list(range(n))
        if encoding & 0x80:
            bitmap = int.from_bytes(body.take((n + 7) // 8), "little")
            require(bitmap < 1 << n, "bits past n")
            present = [i for i in range(n) if bitmap >> i & 1]
        m = len(present)
        k = 0
        kind = encoding & 0x7F
        if kind == CONST:
            value = body.chunk()
            self.used.add((column, encoding, 1))
            return [value] * n
        if kind == DICT:
            k = body.uv()
            values = [body.chunk() for _ in range(k)]
            high = body.take(m) if k > 256 else bytes(m)
            low = body.take(m)
            require(k <= m, "more values than rows")
            self.used.add((column, encoding, k))
            return [values[h << 8 | b] for h, b in zip(high, low, strict=True)]
        bare: list[bytes]
        if kind == SEQ:
            form = body.u8()
            k = body.uv()
            values = [body.take(16) if form == 16 else body.chunk() for _ in range(k)]
            bare = [field(column, values[i]) for i in codes(body, k, m)]
        elif kind == DELTA:
            fact_type = bytes([body.u8()]) if column >= 900 else b""
            bare = []
            total = 0
            for _ in range(m):
                total = (total + body.sv()) % (1 << 64)
                signed = total - (1 << 64) if total >> 63 else total
                # 80 and 82 are unsigned in the row, 81 and facts signed.
                value = uv(signed) if column in (80, 82) else fact_type + sv(signed)
                bare.append(field(column, value))
                if column == 80:
                    self.offsets[len(bare) - 1] = signed
        elif kind == PLANES:
            lead = body.u8()
            width = body.u8()
            planes = body.take(m * width)
            bare = []
            for i in range(m):
                value = planes[i::m]
                if column == 84:
                    bare.append(field(84, id_text(bytes([lead]) + value).encode()))
                else:
                    bare.append(field(column, bytes([lead]) + value))
        elif kind == VAR:
            lengths = [body.uv() for _ in range(m)]
            bare = [body.take(length) for length in lengths]
            if column == 84:
                bare = [field(84, value) for value in bare]
        elif kind == ENVELOPES:
            bare = self.read_envelopes(body, present)
        else:
            raise Refused(f"encoding {kind}")
        self.used.add((column, encoding, k))
        out: list[bytes | None] = [None] * n
        for row, value in zip(present, bare, strict=True):
            out[row] = value
        return out

    def read_envelopes(self, body: Reader, present: list[int]) -> list[bytes]:
        k = body.uv()
        ages = [body.uv() for _ in range(k)]
        lengths = [body.uv() for _ in range(k)]
        data = [body.take(length) for length in lengths]
        for row, index in zip(present, codes(body, k, len(present)), strict=True):
            if index == len(self.envelopes):
                offset = self.offsets[row]
                self.envelopes.append(Envelope(data[index], offset - ages[index], offset))
            envelope = self.envelopes[index]
            self.envelope_of[row] = (index, envelope.rows)
            envelope.rows += 1
        fields_of = []
        for row in present:
            index, position = self.envelope_of[row]
            envelope = self.envelopes[index]
            fields_of.append(
                field(87, uv(envelope.key))
                + field(88, uv(position))
                + field(89, sha256(envelope.data))
            )
        return fields_of


def read_block(message: bytes) -> Block:
    reader = Reader(message)
    require(reader.take(4) == b"LWB1", "magic")
    header_text = reader.take(int.from_bytes(reader.take(2), "big")).decode("ascii")
    match = HEADER.fullmatch(header_text)
    require(match is not None, "header")
    header = match.groupdict()
    n = int(header["rows"])
    gaps = sum(int(header[f"gap{i}"]) for i in range(3))
    require(n <= 1024 and n + gaps == int(header["next"]) - int(header["first"]), "counts")
    raw: dict[int, bytes] = {}
    for _ in range(reader.u8()):
        kind, codec, raw_length, stored_length, checksum = struct.unpack(">BBIIQ", reader.take(18))
        stored = reader.take(stored_length)
        require(xxhash.xxh3_64_intdigest(stored) == checksum, "checksum")
        if codec == 1:
            stored = zstandard.ZstdDecompressor().decompress(stored, max_output_size=raw_length)
        require(len(stored) == raw_length, "raw length")
        raw[kind] = stored
    require(reader.end() and 1 in raw and 2 in raw, "sections")

    section = Section(n, int(header["first"]))
    section.read(raw[1], None)
    scan_columns = set(section.columns)
    section.read(raw[2], set(range(83, 88)))
    section.columns.setdefault(80, [field(80, uv(offset)) for offset in section.offsets])
    require(not scan_columns & set(range(83, 88)), "ident column in scan")
    rows = []
    columns = [section.columns[column] for column in sorted(section.columns)]
    for i in range(n):
        rows.append(b"\x01" + b"".join(column[i] or b"" for column in columns))
    routed = [0] * 4
    for verdict in section.columns.get(2, []):
        routed[dict(fields(verdict))[11][0] - 1] += 1
    require(routed == [int(header[f"route{i}"]) for i in range(1, 5)], "routed")
    return Block(header_text, header, rows, section.envelopes, section.used, [raw[1], raw[2]])


def mac(key: bytes, *parts: bytes) -> bytes:
    return hmac.digest(key, b"".join(parts), "sha256")


def header_root(block: Block) -> bytes:
    return base64.b64decode(block.header["root"], validate=True)


def envelope_tag(block: Block, envelope: Envelope, dek: bytes, text: bytes) -> bytes:
    """T of an envelope with that text."""
    offset = envelope.first_row.to_bytes(8, "big")
    aad = b"\x00".join(
        [
            b"lineward/envelope/v1",
            block.header["cluster"].encode(),
            block.header["topic"].encode(),
            int(block.header["partition"]).to_bytes(4, "big")
            + offset
            + envelope.rows.to_bytes(4, "big"),
        ]
    )
    key = mac(dek, b"lineward/row/v1/mac", offset)
    return mac(key, len(aad).to_bytes(8, "big"), aad, text)
