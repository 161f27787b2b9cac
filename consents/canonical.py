"""The one way in which what is hashed or signed is written down. Pure."""

import json
from typing import Any

_ENCODER = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
)


def canonical_json(value: Any) -> bytes:
    """Encode by RFC 8785 for what we store: objects, lists, strings and whole numbers. No floats."""
    return _ENCODER.encode(value).encode()
