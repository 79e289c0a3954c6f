"""How what an item holds is shown: pictures, sounds and films as such, addresses as links, all else as text."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

Kind = Literal["image", "audio", "video", "link", "text"]

_ENDINGS: Mapping[Kind, tuple[str, ...]] = {
    "image": (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".svg", ".avif"),
    "audio": (".mp3", ".wav", ".ogg", ".oga", ".flac", ".m4a", ".opus"),
    "video": (".mp4", ".webm", ".ogv", ".mov", ".m4v"),
}
_NAMES: Mapping[Kind, re.Pattern[str]] = {
    "image": re.compile(r"(^|[_\W])(image|img|picture|photo)([_\W\d]|$)", re.IGNORECASE),
    "audio": re.compile(r"(^|[_\W])(audio|sound|speech)([_\W\d]|$)", re.IGNORECASE),
    "video": re.compile(r"(^|[_\W])(video|film|clip)([_\W\d]|$)", re.IGNORECASE),
}
_DATA = re.compile(r"data:(image|audio|video)/([\w.+-]+)[;,]", re.IGNORECASE)

#: A picture no wider than this is shown enlarged, pixel by pixel.
TINY = 96


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that an item holds."""

    name: str
    kind: Kind
    value: str
    #: A picture of a few pixels.
    tiny: bool = False


def shown(content: Mapping[str, Any]) -> list[Field]:
    """Say how each field of an item's content is to be shown, pictures first."""
    fields = [_field(name, value) for name, value in content.items()]
    return sorted(fields, key=lambda field: field.kind not in ("image", "audio", "video"))


def brief(content: Mapping[str, Any], length: int = 80) -> str:
    """Say in a line what an item holds."""
    texts = [field.value for field in shown(content) if field.kind in ("text", "link")]
    line = " · ".join(" ".join(text.split()) for text in texts if text.strip())
    return line if len(line) <= length else line[: length - 1] + "…"


def _field(name: str, value: Any) -> Field:
    if not isinstance(value, str):
        plain = isinstance(value, (int, float)) and not isinstance(value, bool)
        return Field(name, "text", str(value) if plain else json.dumps(value, ensure_ascii=False, indent=2))
    address = value.strip()
    if (data := _DATA.match(address)) is not None:
        kind: Kind = data[1].lower()  # type: ignore[assignment]
        return Field(name, kind, address, tiny=kind == "image" and _is_tiny(address))
    if not re.match(r"https?://[^\s/]", address, re.IGNORECASE) or len(address.split()) != 1:
        return Field(name, "text", value)
    try:
        parts = urlsplit(address)
    except ValueError:
        return Field(name, "text", value)
    # Over http a browser would not load it into a page of ours: it stays a link.
    if parts.scheme.lower() == "https":
        for kind, endings in _ENDINGS.items():
            if parts.path.lower().endswith(endings):
                return Field(name, kind, address)
        for kind, pattern in _NAMES.items():
            if pattern.search(name):
                return Field(name, kind, address)
    return Field(name, "link", address)


def _is_tiny(address: str) -> bool:
    """Look into the head of a PNG or GIF for its width."""
    head, _, body = address.partition(",")
    if not head.endswith(";base64"):
        return False
    try:
        start = base64.b64decode(body[:40])
    except (binascii.Error, ValueError):
        return False
    if start.startswith(b"\x89PNG"):
        return int.from_bytes(start[16:20], "big") <= TINY
    if start.startswith(b"GIF8"):
        return int.from_bytes(start[6:8], "little") <= TINY
    return False
