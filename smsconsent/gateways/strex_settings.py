"""What the Strex adapter must know, in one value. Each field is a variable of the environment."""

from dataclasses import dataclass, field
from typing import Any, Self

from smsconsent.gateways import GatewayMisconfigured
from smsconsent.gateways.http_client import require_safe_url

LARGEST_BATCH = 10_000
SIGNATURE_POLICIES = ("required", "stop-only", "path", "off")


@dataclass(frozen=True, slots=True)
class StrexSettings:
    """Seconds for all times. Raises GatewayMisconfigured for a value that would be unsafe."""

    base_url: str
    # SECURITY: repr=False, so that no traceback and no log shows a secret.
    api_key: str = field(repr=False)
    api_key_next: str = field(default="", repr=False)
    # Requests are signed instead when both are set: the name at Strex, and 64 hexadecimal digits.
    signing_key_name: str = ""
    signing_key: str = field(default="", repr=False)
    version: str = "0"
    callback_base_url: str = ""
    callback_secrets: tuple[str, ...] = field(default=(), repr=False)
    callback_signature: str = "stop-only"
    callback_clock_skew: int = 300
    server_key_names: tuple[str, ...] = ()
    batch_size: int = 1000
    max_body_bytes: int = 1_000_000
    messages_per_second: int = 50
    allow_fake_numbers: bool = False
    allow_tildes: bool = False
    trust_stop_flag: bool = True
    sync_stop: bool = False
    command_authorization: str = "{key}"
    connect_timeout: float = 2
    read_timeout: float = 3
    write_timeout: float = 3
    pool_timeout: float = 1
    deadline: float = 5

    def __post_init__(self) -> None:
        _require(bool(self.api_key or self.signing_key), "STREX_API_KEY is empty")
        _require(
            bool(self.signing_key) == bool(self.signing_key_name),
            "STREX_SIGNING_KEY and STREX_SIGNING_KEY_NAME belong together",
        )
        require_safe_url(self.base_url, name="STREX_BASE_URL")
        _require(
            1 <= self.batch_size <= LARGEST_BATCH,
            f"STREX_BATCH_SIZE must be 1 to {LARGEST_BATCH}",
        )
        _require(
            self.callback_signature in SIGNATURE_POLICIES,
            f"STREX_CALLBACK_SIGNATURE must be one of {', '.join(SIGNATURE_POLICIES)}",
        )

    @classmethod
    def from_django(cls, settings: Any) -> Self:
        """Read each STREX_ variable that the settings have; the rest keep their defaults."""
        found = {
            name: getattr(settings, f"STREX_{name.upper()}")
            for name in cls.__dataclass_fields__
            if hasattr(settings, f"STREX_{name.upper()}")
        }
        for name, value in found.items():
            if isinstance(value, list):
                found[name] = tuple(value)
        return cls(**found)

    def receipt_url(self) -> str:
        """Where receipts go: the newest secret. Empty when no address of ours is set."""
        if not self.callback_base_url or not self.callback_secrets:
            return ""
        secret = self.callback_secrets[0]
        return f"{self.callback_base_url.rstrip('/')}/hooks/strex/{secret}/receipts/"

    def inbound_url(self) -> str:
        """Where messages from people go: the forwardUrl of each keyword at Strex."""
        return next(iter(self.inbound_urls()), "")

    def inbound_urls(self) -> list[str]:
        """The same with each secret that is valid, newest first."""
        if not self.callback_base_url:
            return []
        base = self.callback_base_url.rstrip("/")
        return [f"{base}/hooks/strex/{secret}/inbound/" for secret in self.callback_secrets]


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise GatewayMisconfigured(message)
