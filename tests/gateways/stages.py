"""A stage for each adapter: a provider that can be told to misbehave, and the adapter that talks to it.

Whoever adds an adapter writes one more of these and adds it to STAGES in the contract tests.
"""

import hmac
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol
from uuid import UUID, uuid4

from smsconsent.gateways import Gateway, Outgoing
from smsconsent.gateways.http_json import HttpJson
from smsconsent.gateways.http_json_settings import JsonSettings
from smsconsent.gateways.simulator import signatures
from smsconsent.gateways.strex import Strex
from smsconsent.gateways.strex_settings import StrexSettings
from smsconsent.phones import Phone
from tests.gateways.json_provider import JSON_KEY, JsonProvider
from tests.make import SHORT_NUMBER, phone
from tests.simulator import Simulator

CALLBACK_BASE, CALLBACK_PATH = "https://samtykke.example", "/hooks/x/y/inbound/"
# The name under which the simulator publishes its key.
SERVER_KEY = "simulator"
JSON_SECRET = "only for tests"


class Call(NamedTuple):
    """A callback as the provider makes it."""

    headers: dict[str, str]
    body: bytes


class Stage(Protocol):
    """What the contract tests ask of the provider's side. `signs`: whether it signs its callbacks."""

    signs: bool

    @property
    def gateway(self) -> Gateway: ...

    def taken(self) -> list[str]:
        """Return the ids that the provider has stored, in order of arrival."""

    def asked(self) -> list[tuple[str, int]]:
        """Return method and path, and the status, of each call that the provider has answered."""

    def answer(self, status: int, *, count: int = 1, retry_after: int | None = None) -> None:
        """Answer the next posts with this status, and store nothing."""

    def mumble(self, body: str) -> None:
        """Answer the next question about a message with 200 and this."""

    def lose_the_answer(self, *, hang: bool) -> None:
        """Store the next post, and then hang or drop the connection."""

    def break_off(self) -> None:
        """Drop the connection of the next post before anything is stored."""

    def refuse_the_key(self) -> None: ...

    def sms(self, text: str, *, ago: float = 0) -> Call:
        """Return how the provider tells, signed so many seconds ago, what `phone()` wrote to 26112."""

    def report(self, message_id: str, *, ago: float = 0) -> Call:
        """Return how it tells that the message has arrived."""

    def is_gone(self) -> None:
        """Let nobody listen at the provider's address any more."""

    def close(self) -> None: ...


def outgoing(text: str = "Halv pris på ski", **values: Any) -> Outgoing:
    """A message to a fake number; name only what matters."""
    defaults: dict[str, Any] = {
        "id": uuid4(),
        "recipient": phone(),
        "sender": "26112",
        "not_after": None,
        "urgent": False,
        "tag": "c1",
    }
    return Outgoing(text=text, **(defaults | values))


def crowd(size: int, **values: Any) -> list[Outgoing]:
    return [outgoing(recipient=phone(number + 1), **values) for number in range(size)]


@dataclass
class StrexStage:
    """The Strex adapter before the simulator."""

    simulator: Simulator
    gateway: Strex
    signs: bool = True

    @classmethod
    def open(cls, simulator: Simulator, **settings: Any) -> "StrexStage":
        return cls(simulator, strex(f"{simulator.url}/", simulator, **settings))

    def taken(self) -> list[str]:
        messages = [
            message
            for number in range(1, 12)
            for message in self.simulator.state(number=phone(number).e164)["toNumber"]
        ]
        return [str(message["transactionId"]) for message in messages]

    def asked(self) -> list[tuple[str, int]]:
        return [(call, int(status)) for call, status in posted(self.simulator)]

    def answer(self, status: int, *, count: int = 1, retry_after: int | None = None) -> None:
        self._fault("answer", status=status, count=count, retry_after=retry_after)

    def mumble(self, body: str) -> None:
        self._fault("answer", status=200, count=1, body=body)

    def lose_the_answer(self, *, hang: bool) -> None:
        self._fault("hang_after" if hang else "drop_after", count=1, seconds=0.6)

    def break_off(self) -> None:
        self._fault("drop_before", count=1)

    def refuse_the_key(self) -> None:
        self.simulator.set("api-keys", ["another"])

    def sms(self, text: str, *, ago: float = 0) -> Call:
        return self._call(
            {
                "transactionId": "m1",
                "sender": phone().e164,
                "recipient": SHORT_NUMBER,
                "content": text,
            },
            ago,
        )

    def report(self, message_id: str, *, ago: float = 0) -> Call:
        codes = {"statusCode": "Ok", "detailedStatusCode": "Delivered", "delivered": True}
        return self._call({"transactionId": message_id} | codes, ago)

    def _call(self, fields: dict[str, Any], ago: float) -> Call:
        body = json.dumps(fields).encode()
        key = signatures.derive_key(self.simulator.secret)
        stamp = int(time.time() - ago)
        signature = signatures.sign(
            key, SERVER_KEY, url=CALLBACK_BASE + CALLBACK_PATH, body=body, timestamp=stamp
        )
        return Call({"X-ECDSA-Signature": signature}, body)

    def is_gone(self) -> None:
        self.gateway.close()
        self.gateway = strex("http://127.0.0.1:9/", self.simulator)

    def close(self) -> None:
        self.gateway.close()

    def message(self, message_id: UUID) -> dict[str, Any]:
        """Return what the provider stored under an id."""
        for number in range(1, 12):
            for found in self.simulator.state(number=phone(number).e164)["toNumber"]:
                if found["transactionId"] == str(message_id):
                    return dict(found)
        raise AssertionError("it was never stored")

    def _fault(self, kind: str, **fields: Any) -> None:
        known = {name: value for name, value in fields.items() if value is not None}
        self.simulator.set("faults", {"kind": kind, "path": "/api/out-messages"} | known)


def strex(url: str, simulator: Simulator, **settings: Any) -> Strex:
    """An adapter that waits for little, so that a test need not."""
    defaults: dict[str, Any] = {
        "api_key": simulator.api_key,
        "callback_base_url": CALLBACK_BASE,
        "server_key_names": (SERVER_KEY,),
        "callback_secrets": (simulator.secret,),
        "messages_per_second": 0,
        "read_timeout": 0.3,
        "deadline": 1.0,
    }
    return Strex(StrexSettings(base_url=url, **(defaults | settings)))


def posted(simulator: Simulator) -> list[tuple[str, str]]:
    """Return path and status of each call that reached the simulator, oldest first."""
    calls: Sequence[dict[str, Any]] = simulator.state()["requests"]
    return [(f"{call['method']} {call['path']}", str(call["status"])) for call in calls]


def fake_number(number: int) -> Phone:
    """A number of the range that Strex keeps for tests."""
    return Phone(f"+47000000{number:02}")


@dataclass
class JsonStage:
    """The JSON adapter before a small provider of its own, in a thread of the test."""

    provider: JsonProvider
    gateway: HttpJson
    signs: bool = True

    @classmethod
    def open(cls, **elsewhere: Any) -> "JsonStage":
        provider = JsonProvider()
        return cls(
            provider,
            cls._adapter(provider.url, **({"signing_secret": JSON_SECRET} | elsewhere)),
        )

    @staticmethod
    def _adapter(url: str, **elsewhere: Any) -> HttpJson:
        table = {
            "base_url": url,
            "send_path": "send",
            "status_path": "messages/{id}",
            "ping_path": "ping",
            "headers": {"Authorization": f"Bearer {JSON_KEY}"},
            "body": {"id": "{id}", "msisdn": "{to}", "from": "{from}", "body": "{text}"},
            "timestamp_header": "X-Timestamp",
            "inbound": {"id": "id", "from": "from", "to": "to", "text": "body"},
            "receipt": {"id": "message.id", "state": "message.state"},
            "states": {"Received": "delivered", "Queued": "waiting"},
            "read_timeout": 0.3,
            "deadline": 1.0,
        }
        return HttpJson(JsonSettings.from_table(table, **elsewhere))

    def taken(self) -> list[str]:
        return list(self.provider.stored)

    def asked(self) -> list[tuple[str, int]]:
        return list(self.provider.answered)

    def answer(self, status: int, *, count: int = 1, retry_after: int | None = None) -> None:
        self.provider.faults += [(status, retry_after)] * count

    def mumble(self, body: str) -> None:
        self.provider.mumbled = body

    def lose_the_answer(self, *, hang: bool) -> None:
        self.provider.faults.append(("hang" if hang else "drop", None))

    def break_off(self) -> None:
        self.provider.faults.append(("drop before", None))

    def refuse_the_key(self) -> None:
        self.provider.key = "another"

    def sms(self, text: str, *, ago: float = 0) -> Call:
        return self._call({"id": "m1", "from": phone().e164, "to": SHORT_NUMBER, "body": text}, ago)

    def report(self, message_id: str, *, ago: float = 0) -> Call:
        return self._call({"message": {"id": message_id, "state": "Received"}}, ago)

    def _call(self, fields: dict[str, Any], ago: float) -> Call:
        body, stamp = json.dumps(fields).encode(), str(int(time.time() - ago))
        signature = hmac.digest(JSON_SECRET.encode(), f"{stamp}.".encode() + body, "sha256").hex()
        return Call({"X-Signature": signature, "X-Timestamp": stamp}, body)

    def is_gone(self) -> None:
        self.gateway.close()
        self.gateway = self._adapter("http://127.0.0.1:9")

    def close(self) -> None:
        self.gateway.close()
        self.provider.close()
