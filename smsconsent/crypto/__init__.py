"""Keys, encrypted fields and the blind index. The only package that sees a key (trust.md § 4).

A wrong key raises; it never yields ciphertext.
"""

from smsconsent.crypto.fields import (
    EncryptedBytesField,
    EncryptedPhoneField,
    EncryptedTextField,
    GuardedField,
    HeldTextField,
    PlaintextRefused,
    _IsToken,
    token_constraint,
    token_of,
)
from smsconsent.crypto.keys import (
    KEY_BYTES,
    CannotDecrypt,
    UnknownKey,
    can_hold,
    current_hold_key_id,
    current_key_id,
    decrypt_bytes,
    encrypt_bytes,
    forget,
    key_id_of,
    phone_opener,
    renew_token,
)
from smsconsent.crypto.pseudonyms import (
    KeyedIndex,
    add_layers,
    blind_index,
    blind_indexes,
    blind_indexes_of,
    current_index_key_id,
    index_checker,
    keyed_digest,
    keyed_digests,
)
from smsconsent.crypto.signatures import (
    is_signed,
    log_public_keys,
    sign_for_log,
)

__all__ = [
    "KEY_BYTES",
    "CannotDecrypt",
    "EncryptedBytesField",
    "EncryptedPhoneField",
    "EncryptedTextField",
    "GuardedField",
    "HeldTextField",
    "KeyedIndex",
    "PlaintextRefused",
    "UnknownKey",
    "_IsToken",
    "add_layers",
    "blind_index",
    "blind_indexes",
    "blind_indexes_of",
    "can_hold",
    "current_hold_key_id",
    "current_index_key_id",
    "current_key_id",
    "decrypt_bytes",
    "encrypt_bytes",
    "forget",
    "index_checker",
    "is_signed",
    "key_id_of",
    "keyed_digest",
    "keyed_digests",
    "log_public_keys",
    "phone_opener",
    "renew_token",
    "sign_for_log",
    "token_constraint",
    "token_of",
]
