"""Behaviour of Strex that no document settles: one switch each, the default first."""

from dataclasses import dataclass, fields
from typing import Any

CHOICES = {
    "duplicate": ("dlr", "409"),
    "non_gsm": ("dlr", "400"),
    "null_unicode": ("question", "ucs2"),
    "stopped": ("recipient", "content", "off"),
    "stop_flag": ("absent", "reading"),
    "request_nonce": ("once", "any"),
    "retry_signature": ("new", "same"),
    "intermediate_receipts": ("off", "on"),
}


@dataclass(slots=True)
class Switches:
    """Times are simulated seconds, but `callback_timeout`, which another process takes in real ones."""

    duplicate: str = "dlr"
    non_gsm: str = "dlr"
    null_unicode: str = "question"
    stopped: str = "recipient"
    stop_flag: str = "absent"
    request_nonce: str = "once"
    retry_signature: str = "new"
    intermediate_receipts: str = "off"
    # How `services/command` wants the key in its Authorization header.
    command_authorization: str = "{key}"
    queued_seconds: float = 0.05
    delivery_seconds: float = 0.4
    batch_readable_seconds: float = 1.0
    # 0 = as fast as it can. Otherwise the queue backs up, and priority matters.
    messages_per_second: float = 0.0
    callback_timeout: float = 10.0
    receipt_retries: int = 19
    receipt_first_wait: float = 39.0
    receipt_wait_factor: float = 1.5
    inbound_retries: int = 10
    inbound_first_wait: float = 5.0
    inbound_wait_factor: float = 2.0
    # A dedicated short number may copy every message and every receipt to one address.
    master_mo_url: str = ""
    master_dlr_url: str = ""

    def change(self, changes: dict[str, Any]) -> None:
        """Set some switches. Raises ValueError for an unknown one or a value that it does not have."""
        types = {field.name: type(field.default) for field in fields(self)}
        for name, value in changes.items():
            if name not in types:
                raise ValueError(f"There is no switch {name!r}.")
            if name in CHOICES and value not in CHOICES[name]:
                raise ValueError(f"{name} is one of {', '.join(CHOICES[name])}.")
        for name, value in changes.items():
            setattr(self, name, types[name](value))  # type: ignore[misc]  # each default has a type

    def reset(self) -> None:
        """Set every switch back to its default."""
        for field in fields(self):
            setattr(self, field.name, field.default)
