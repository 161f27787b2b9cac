"""Reading what a gateway says: any value may be missing, of another type, or from another world."""

import json
from datetime import datetime
from hashlib import sha256
from typing import Any

from smsconsent.gateways import CallbackMalformed
from smsconsent.gateways.strex_signatures import read_moment
from smsconsent.phones import ANYWHERE, NotAMobileNumber, Phone, parse_mobile

LONGEST_ID = 100


def read_object(body: bytes) -> dict[str, Any]:
    """Return one JSON object. Raises CallbackMalformed, also for one nested too deep to read."""
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        raise CallbackMalformed("the body is not JSON") from None
    if not isinstance(fields, dict):
        raise CallbackMalformed("the body is not one JSON object")
    return fields


def read_id(value: object) -> str:
    """Return an id that fits its column. Raises CallbackMalformed when there is none."""
    found = read_text(value)
    if not found:
        raise CallbackMalformed("the body has no id")
    # An id that does not fit the column still has to be stored, and to be the same at each retry.
    return found if len(found) <= LONGEST_ID else sha256(found.encode()).hexdigest()


def read_text(value: object) -> str:
    """Return text without NUL and half surrogate pairs, which JSON allows and no database stores."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        return ""
    whole = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\0", "\ufffd")


def read_flag(value: object) -> bool | None:
    """Return true, false, or None for "it does not say"."""
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    return value if isinstance(value, bool) else None


def read_phone(value: object, *, fake: bool) -> Phone | None:
    """Return a number, or None for what is no mobile number. From anywhere: a stop knows no border."""
    try:
        return parse_mobile(read_text(value), countries=ANYWHERE, fake=fake)
    except NotAMobileNumber:
        return None


def read_moment_or_none(value: object) -> datetime | None:
    """Return a moment, or None for what is none."""
    try:
        return read_moment(read_text(value))
    except ValueError:
        return None
