#!/usr/bin/env python3
"""Writes tests/fuzz/corpus/decode: one small input per framing and cause, for the decoder's fuzzing.

The first byte of an input chooses format and headers (see decode_fuzz.cc), the rest is the value.
Running it again changes nothing.
"""

import base64
import json
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus" / "decode"
AUTO, JSON, PROTOBUF = 0, 1, 2
BARE, CE_BINARY, CE_STRUCTURED, TYPE_JSON, TYPE_PROTOBUF, SCHEMA_HEADER = range(6)

FULL = {
    "eventId": "r-81f2/3",
    "eventTime": "2026-03-01T12:00:00.120Z",
    "surface": "home_feed",
    "subjectId": "u-93ab",
    "itemId": "sku-1187",
    "modelName": "ranker",
    "modelVersion": "42",
    "purpose": "dpv:Marketing",
    "jurisdiction": "DE-BY",
    "processingRegion": "IE",
    "weightsDigest": "sha256:" + "0a" * 32,
    "sources": ["ns/a", "ns/b"],
    "subjectClass": "ADULT",
    "attributes": {"rank": "3"},
    "tenant": "acme",
    "recommenderId": "recs",
    "consentRef": "c-1",
    "consentedPurposes": ["dpv:Marketing"],
    "position": 3,
    "slateSize": "20",
    "slateId": "s-1",
    "experimentArm": "b",
    "score": -2.5,
    "propensity": 4.5e-2,
    "creatorId": "c",
    "sponsorId": "s",
    "itemLabels": ["political"],
    "topSignals": [{"name": "viewed", "weight": 1.5, "source": "ns/views"}],
    "userOption": 2,
    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
}
NUMBERS = {name: number for number, name in enumerate(FULL, start=1)}
REQUIRED = ("eventId", "eventTime", "surface", "itemId", "modelName", "modelVersion", "purpose")


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number: int, payload: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def text(name: str, value: str | None = None) -> bytes:
    return field(NUMBERS[name], str(FULL[name] if value is None else value).encode())


TIME = field(2, b"\x08" + varint(1772366400) + b"\x10" + varint(120000000))
MINIMUM = TIME + b"".join(text(name) for name in REQUIRED if name != "eventTime")
MAXIMUM = MINIMUM + b"".join(
    [
        text("subjectId"),
        text("jurisdiction"),
        text("weightsDigest"),
        text("traceparent"),
        field(12, b"ns/a"),
        varint(13 << 3) + b"\x01",
        field(14, b"\x0a\x04rank\x12\x013"),
        varint(19 << 3) + varint(3),
        varint(23 << 3 | 1) + b"\x00" * 6 + b"\x04\xc0",
        field(28, b"\x0a\x01s\x11" + b"\x00" * 6 + b"\xf8\x3f" + b"\x1a\x01d"),
        varint(150 << 3) + b"\x01",
    ]
)


def main() -> None:
    small = {name: FULL[name] for name in REQUIRED}
    text_json = json.dumps(small).encode()
    envelope = {"specversion": "1.0", "id": "i", "source": "/s", "type": "t"}
    inputs = {
        "json_full": (JSON, BARE, json.dumps(FULL).encode()),
        "json_small": (AUTO, BARE, text_json),
        "json_escapes": (AUTO, BARE, text_json[:-1] + b',"tenant":"\\ud83d\\ude00\\/"}'),
        "json_lone": (AUTO, BARE, text_json[:-1] + b',"tenant":"\\ud800"}'),
        "json_unknown": (AUTO, TYPE_JSON, text_json[:-1] + b',"x":[{"y":[1e9,true,null]}]}'),
        "json_twice": (AUTO, BARE, text_json[:-1] + b',"surface":"a"}'),
        "json_cut": (AUTO, BARE, text_json[:-1]),
        "json_utf8": (AUTO, BARE, text_json[:-1] + b',"x":"\xff"}'),
        "json_deep": (AUTO, BARE, b'{"x":' + b"[" * 17 + b"]" * 17 + b"}"),
        "pb_full": (AUTO, TYPE_PROTOBUF, MAXIMUM),
        "pb_small": (PROTOBUF, TYPE_PROTOBUF, MINIMUM),
        "pb_twice": (AUTO, TYPE_PROTOBUF, MINIMUM + text("itemId")),
        "pb_group": (AUTO, TYPE_PROTOBUF, MINIMUM + b"\xb3\x09\xb4\x09"),
        "pb_cut": (AUTO, TYPE_PROTOBUF, MINIMUM[:-1]),
        "pb_utf8": (AUTO, TYPE_PROTOBUF, MINIMUM + text("tenant", "") + b"\x7a\x01\xff"),
        "pb_long": (AUTO, TYPE_PROTOBUF, MINIMUM + text("tenant", "t" * 65)),
        "pb_bad": (AUTO, TYPE_PROTOBUF, MINIMUM + text("jurisdiction", "de")),
        "registry_pb": (AUTO, BARE, b"\x00\x00\x00\x00\x07\x00" + MINIMUM),
        "registry_index": (AUTO, BARE, b"\x00\x00\x00\x00\x07\x02\x0e" + MINIMUM),
        "registry_json": (AUTO, BARE, b"\x00\x00\x00\x00\x07" + text_json),
        "schema_header": (AUTO, SCHEMA_HEADER, b"\x00\x00\x00\x00\x07"),
        "ce_binary": (AUTO, CE_BINARY, text("surface") + text("itemId") + text("modelName")),
        "ce_data": (AUTO, CE_STRUCTURED, json.dumps(envelope | {"data": small}).encode()),
        "ce_base64": (
            AUTO,
            CE_STRUCTURED,
            json.dumps(envelope | {"data_base64": base64.b64encode(MINIMUM).decode()}).encode(),
        ),
        "empty": (AUTO, BARE, b""),
    }
    CORPUS.mkdir(parents=True, exist_ok=True)
    for name, (form, headers, value) in inputs.items():
        (CORPUS / name).write_bytes(bytes([form | headers << 2]) + value)


if __name__ == "__main__":
    main()
