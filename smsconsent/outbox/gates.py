"""What decides, at the last moment, whether a message may leave. No gate, no start."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from django.apps import AppConfig
from django.core import checks
from django.db.models import QuerySet
from django.utils.module_loading import import_string

from smsconsent.gateways import Outgoing
from smsconsent.outbox.messages import OutboundMessage, lanes


class Send(NamedTuple):
    """The gate lets this message out, to this recipient, in these words."""

    outgoing: Outgoing


@dataclass(frozen=True, slots=True)
class Block:
    """The gate stops this message for good."""

    reason: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Not now (quiet hours, a pause); ask again at `until`."""

    until: datetime


Verdict = Send | Block | Wait


class Gate(Protocol):
    """Says, inside the sending transaction, who may still receive a message."""

    def lock(self, rows: QuerySet[Any]) -> None:
        """Lock, in pk order, each row whose change would forbid one of these messages."""

    def decide(self, rows: Sequence[Any], *, now: datetime) -> list[Verdict]:
        """Read anew, after the locks, and return one verdict per row, in the same order."""


def gate_of(model: type[OutboundMessage]) -> Gate:
    """Return the gate that this class of message names."""
    gate: Gate = import_string(model.gate)()
    return gate


@checks.register
def every_message_has_a_gate(
    app_configs: Sequence[AppConfig] | None, **kwargs: object
) -> list[checks.CheckMessage]:
    """No gate, no start."""
    errors: list[checks.CheckMessage] = []
    for model in lanes():
        try:
            gate_of(model)
        except ImportError:
            errors.append(
                checks.Error(
                    f"{model.__name__} names no gate, so nothing would decide who may receive it.",
                    obj=model,
                    id="smsconsent.E001",
                )
            )
    return errors
