"""One simulated account: its parts, and how they hang together."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from smsconsent.gateways.simulator import signatures
from smsconsent.gateways.simulator.callbacks import EXPIRED_KEY_NAME, Callbacks
from smsconsent.gateways.simulator.clock import Clock, iso
from smsconsent.gateways.simulator.faults import Faults
from smsconsent.gateways.simulator.handsets import Handsets
from smsconsent.gateways.simulator.inbound import Inbox
from smsconsent.gateways.simulator.keywords import KeywordStore
from smsconsent.gateways.simulator.messages import MessageStore
from smsconsent.gateways.simulator.pincodes import Pincodes
from smsconsent.gateways.simulator.pipeline import Pipeline
from smsconsent.gateways.simulator.reports import Reports
from smsconsent.gateways.simulator.subscriptions import Subscriptions
from smsconsent.gateways.simulator.switches import Switches

DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Config:
    """What is given at the start. Times are seconds."""

    port: int
    callback_base: str = ""
    secret: str = ""
    api_keys: tuple[str, ...] = ()
    short_numbers: tuple[str, ...] = ("26112",)
    key_name: str = "simulator"
    keep: int = 100_000

    @property
    def inbound_url(self) -> str:
        """Where messages from people go unless a keyword says otherwise. Empty: nowhere."""
        if not self.callback_base or not self.secret:
            return ""
        return f"{self.callback_base.rstrip('/')}/hooks/strex/{self.secret}/inbound/"


@dataclass(slots=True)
class World:
    """Everything that the API, the handsets and the control paths work on."""

    config: Config
    clock: Clock = field(default_factory=Clock)
    switches: Switches = field(default_factory=Switches)
    faults: Faults = field(default_factory=Faults)
    handsets: Handsets = field(default_factory=Handsets)
    keywords: KeywordStore = field(default_factory=KeywordStore)
    pincodes: Pincodes = field(default_factory=Pincodes)
    api_keys: set[str] = field(default_factory=set)
    client_keys: dict[str, dict[str, Any]] = field(default_factory=dict)
    nonces: dict[tuple[str, str], float] = field(default_factory=dict)
    requests: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=200))
    store: MessageStore = field(init=False)
    callbacks: Callbacks = field(init=False)
    reports: Reports = field(init=False)
    subscriptions: Subscriptions = field(init=False)
    pipeline: Pipeline = field(init=False)
    inbox: Inbox = field(init=False)
    server_keys: dict[str, dict[str, Any]] = field(init=False)

    def __post_init__(self) -> None:
        clock, switches, faults = self.clock, self.switches, self.faults
        key = signatures.derive_key(self.config.secret)
        self.store = MessageStore(self.config.keep)
        self.callbacks = Callbacks(clock, switches, faults, key, self.config.key_name)
        self.reports = Reports(clock, switches, self.callbacks, faults)
        self.subscriptions = Subscriptions(self.reports)
        self.pipeline = Pipeline(clock, switches, self.store, self.handsets, self.reports)
        self.inbox = Inbox(
            clock,
            switches,
            handsets=self.handsets,
            keywords=self.keywords,
            callbacks=self.callbacks,
            subscriptions=self.subscriptions,
        )
        public = signatures.public_text(key)
        now = clock.now()
        self.server_keys = {
            self.config.key_name: public_key(
                self.config.key_name, public, start=now - DAY, end=now + 365 * DAY
            ),
            EXPIRED_KEY_NAME: public_key(
                EXPIRED_KEY_NAME, public, start=now - 30 * DAY, end=now - DAY
            ),
        }
        self._furnish()

    def reset(self) -> None:
        """Begin anew. Connections and the speed of time stay as they are."""
        self.clock.clear()
        self.switches.reset()
        self.faults.active.clear()
        self.handsets.clear()
        self.keywords.clear()
        self.pincodes.clear()
        self.client_keys.clear()
        self.nonces.clear()
        self.requests.clear()
        self.store.clear()
        self.callbacks.clear()
        self.subscriptions.clear()
        self.pipeline.clear()
        self.inbox.clear()
        self._furnish()

    def _furnish(self) -> None:
        """Set up the account: our keys, and each short number forwarding to the application."""
        self.api_keys.clear()
        self.api_keys.update(self.config.api_keys)
        if not self.config.inbound_url:
            return
        for number in self.config.short_numbers:
            everything = {
                "shortNumberId": f"NO-{number}",
                "keywordText": "*",
                "mode": "Wildcard",
                "forwardUrl": self.config.inbound_url,
            }
            self.keywords.add(everything, now=self.clock.now())


def public_key(name: str, text: str, *, start: float, end: float) -> dict[str, Any]:
    """Return a PublicKey as the API shows it."""
    return {
        "accountId": 1,
        "name": name,
        "publicKeyString": text,
        "signAlgo": "ECDsaP256",
        "hashAlgo": "SHA256",
        "notUsableBefore": iso(start),
        "expiry": iso(end),
        "created": iso(start),
        "lastModified": iso(start),
    }
