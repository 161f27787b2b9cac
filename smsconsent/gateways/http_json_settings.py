"""The file that describes a JSON gateway, read into one value. Its fields: docs/gateways.md."""

import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from smsconsent.gateways import GatewayMisconfigured
from smsconsent.gateways.http_client import require_safe_url

FROM_ENVIRONMENT = {"signing_secret", "api_key", "api_key_next", "messages_per_second"}


@dataclass(frozen=True, slots=True)
class JsonSettings:
    """Seconds for all times. Raises GatewayMisconfigured for a value that would be unsafe."""

    base_url: str
    send_path: str
    body: dict[str, Any]
    # SECURITY: repr=False, so that no traceback and no log shows a secret.
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    signing_secret: str = field(default="", repr=False)
    success: tuple[int, ...] = (200, 201, 202, 204)
    status_path: str = ""
    ping_path: str = ""
    batch: int = 10
    signature_header: str = "X-Signature"
    timestamp_header: str = ""
    clock_skew: int = 300
    # Of all processes together; 0 = as fast as it goes.
    messages_per_second: int = 0
    inbound: dict[str, str] = field(default_factory=dict)
    receipt: dict[str, str] = field(default_factory=dict)
    # What the gateway says → waiting, delivered, failed, gone or barred.
    states: dict[str, str] = field(default_factory=dict)
    version: str = "0"
    connect_timeout: float = 2
    read_timeout: float = 3
    write_timeout: float = 3
    pool_timeout: float = 1
    deadline: float = 5
    # The key stands in `headers`, as this gateway wants it.
    api_key: str = ""
    api_key_next: str = ""

    def __post_init__(self) -> None:
        require_safe_url(self.base_url, name="base_url in HTTP_JSON_CONFIG")
        if "{id}" not in str(self.body) or "{to}" not in str(self.body):
            raise GatewayMisconfigured("body in HTTP_JSON_CONFIG lacks {id} or {to}")

    @classmethod
    def from_django(cls, settings: Any) -> Self:
        """Read the file, and put the secrets of the environment in its places."""
        try:
            text = Path(settings.HTTP_JSON_CONFIG).read_text(encoding="utf-8")
            found = tomllib.loads(text.replace("{key}", settings.HTTP_JSON_KEY))
        except (OSError, tomllib.TOMLDecodeError) as error:
            raise GatewayMisconfigured(f"HTTP_JSON_CONFIG cannot be read: {error}") from error
        return cls.from_table(
            found,
            signing_secret=settings.HTTP_JSON_SIGNING_SECRET,
            messages_per_second=settings.STREX_MESSAGES_PER_SECOND,
        )

    @classmethod
    def from_table(cls, found: dict[str, Any], **elsewhere: Any) -> Self:
        """Return the settings that a table holds; `elsewhere` is what the environment says.

        Raises GatewayMisconfigured for an unknown field.
        """
        known = {each.name for each in fields(cls)} - FROM_ENVIRONMENT
        if unknown := found.keys() - known:
            raise GatewayMisconfigured(f"HTTP_JSON_CONFIG has unknown fields: {sorted(unknown)}")
        values: dict[str, Any] = {
            name: tuple(v) if isinstance(v, list) else v for name, v in found.items()
        }
        values["states"] = {k.lower(): v for k, v in found.get("states", {}).items()}
        try:
            return cls(**values, **elsewhere)
        except TypeError as error:
            raise GatewayMisconfigured(f"HTTP_JSON_CONFIG lacks something: {error}") from error
