"""Sign-in: nobody signs up by themselves, and second-factor secrets are encrypted at rest."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest

from smsconsent import crypto


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Accounts are made by an administrator."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth has no types
    """SECURITY: allauth stores TOTP secrets in plain text unless its adapter encrypts them."""

    def encrypt(self, text: str) -> str:
        return crypto.encrypt_bytes(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return crypto.decrypt_bytes(encrypted_text.encode()).decode()

    def get_public_key_credential_rp_entity(self) -> dict[str, Any]:
        entity: dict[str, Any] = super().get_public_key_credential_rp_entity()
        return entity | {"name": "smsconsent"}
