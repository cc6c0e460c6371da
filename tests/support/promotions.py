"""Promotions in all six framings, and broken ones, made from the event contract alone."""

import base64
import dataclasses
import json
import random
import struct
import time

FRAMINGS = ("binary", "structured", "schema_header", "schema_magic", "media_type", "bare")
Headers = list[tuple[str, bytes]]


@dataclasses.dataclass
class Promotion:
    """One record of the source topic."""

    key: bytes
    value: bytes
    headers: Headers
    kind: str


def varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def text(number: int, value: str) -> bytes:
    data = value.encode()
    return varint(number << 3 | 2) + varint(len(data)) + data


def as_protobuf(event: dict[str, str], seconds: int) -> bytes:
    stamp = varint(1 << 3) + varint(seconds)
    fields = [text(1, event["eventId"]), varint(2 << 3 | 2) + varint(len(stamp)) + stamp]
    names = (
        "surface",
        "subjectId",
        "itemId",
        "modelName",
        "modelVersion",
        "purpose",
        "jurisdiction",
    )
    fields += [text(number, event[name]) for number, name in enumerate(names, 3) if name in event]
    # A field of the user's own: it must travel on.
    return b"".join(fields) + text(150, "p" * 60)


class Generator:
    """Seeded: the same seed makes the same promotions."""

    def __init__(
        self, seed: int, malformed: float = 0.01, unknown: float = 0.01, pad: int = 40
    ) -> None:
        self.random = random.Random(seed)
        self.malformed = malformed
        self.unknown = unknown
        self.pad = "x" * pad
        self.seconds = int(time.time())

    def make(self, number: int, framing: str | None = None) -> Promotion:
        draw = self.random.random()
        kind = "good"
        if draw < self.malformed:
            kind = "malformed"
        elif draw < self.malformed + self.unknown:
            kind = "unknown"
        event = {
            "eventId": f"e-{number}",
            "surface": "home",
            "itemId": f"sku-{self.random.randrange(10000)}",
            "modelName": "nobody" if kind == "unknown" else "ranker",
            "modelVersion": "1",
            "purpose": "x-t:News",
            "jurisdiction": "DE",
        }
        if number % 3:
            event["subjectId"] = f"u-{self.random.randrange(2000)}"
        framing = framing or FRAMINGS[number % len(FRAMINGS)]
        value, headers = self.frame(event, framing, is_json=self.random.random() < 0.5)
        if kind == "malformed":
            value, headers = self.spoil(), []
        headers.append(("user-header", b"\x00\xff kept"))
        return Promotion(f"k-{number % 97}".encode(), value, headers, kind)

    def spoil(self) -> bytes:
        return self.random.choice(
            [b'{"eventId": "cut', b"{}", b"", b"\x0a\x05abc", b'{"eventId":1,"eventId":2}']
        )

    def frame(self, event: dict[str, str], framing: str, is_json: bool) -> tuple[bytes, Headers]:
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.seconds))
        as_json = json.dumps(event | {"eventTime": stamp, "note": self.pad}).encode()
        protobuf = as_protobuf(event, self.seconds)
        payload = as_json if is_json else protobuf
        media = b"application/json" if is_json else b"application/protobuf"
        schema = struct.pack(">BI", 0, 7)
        if framing == "binary":
            cloud = [("ce_specversion", b"1.0"), ("ce_id", event["eventId"].encode())]
            cloud += [
                ("ce_source", b"/recommender"),
                ("ce_type", b"promotion"),
                ("content-type", media),
            ]
            return payload, cloud
        if framing == "structured":
            envelope = {
                "specversion": "1.0",
                "id": event["eventId"],
                "source": "/r",
                "type": "promotion",
            }
            if is_json:
                envelope["data"] = json.loads(as_json)
            else:
                envelope["data_base64"] = base64.b64encode(protobuf).decode()
            return json.dumps(envelope).encode(), [
                ("content-type", b"application/cloudevents+json")
            ]
        if framing == "schema_header":
            return payload, [("__value_schema_id", schema)]
        if framing == "schema_magic":
            return schema + (as_json if is_json else b"\x00" + protobuf), []
        if framing == "media_type":
            return payload, [("content-type", media + b"; charset=utf-8")]
        return payload, []
