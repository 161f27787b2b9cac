"""Codes to confirm a number with: sent as an out-message with the same id, good for five minutes."""

import secrets
from dataclasses import dataclass
from typing import Any

LIFE = 300.0
MOST_KEPT = 10_000


@dataclass(slots=True)
class Pincode:
    code: str
    expires_at: float
    tries_left: int
    once: bool


class Pincodes:
    """The codes by id."""

    def __init__(self) -> None:
        self._by_id: dict[str, Pincode] = {}

    def create(self, fields: dict[str, Any], *, now: float) -> dict[str, Any]:
        """Return the out-message that carries a new code. Raises ValueError."""
        for name in ("transactionId", "recipient", "sender"):
            if not isinstance(fields.get(name), str) or not fields[name]:
                raise ValueError(f"{name} is required.")
        length, tries = fields.get("pincodeLength") or 4, fields.get("maxAttempts") or 3
        if not (isinstance(length, int) and 4 <= length <= 6):
            raise ValueError("pincodeLength must be 4 to 6.")
        if not (isinstance(tries, int) and 1 <= tries <= 5):
            raise ValueError("maxAttempts must be 1 to 5.")
        code = "".join(secrets.choice("0123456789") for _digit in range(length))
        once = fields.get("verificationMode") == "AtMostOnce"
        if len(self._by_id) >= MOST_KEPT:
            self._by_id.pop(next(iter(self._by_id)))
        self._by_id[fields["transactionId"]] = Pincode(code, now + LIFE, tries, once)
        content = f"{fields.get('prefixText') or ''}{code}{fields.get('suffixText') or ''}"
        kept = ("transactionId", "recipient", "sender", "tags")
        return {name: fields.get(name) for name in kept} | {"content": content}

    def verify(self, pincode_id: str, typed: str, *, now: float) -> bool | None:
        """Return whether that is the code; None when there is none to check against."""
        pincode = self._by_id.get(pincode_id)
        if pincode is None or now >= pincode.expires_at:
            return None
        if pincode.tries_left <= 0:
            return False
        pincode.tries_left -= 1
        if not secrets.compare_digest(pincode.code.encode(), typed.encode()):
            return False
        if pincode.once:
            del self._by_id[pincode_id]
        return True

    def clear(self) -> None:
        self._by_id.clear()
