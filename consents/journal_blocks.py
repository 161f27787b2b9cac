"""What the journal says of a block: everything that a replay needs to make it anew.

PRIVACY: law.md L42 has blocks replayed, and a pseudonym is all there is of them: encrypted.
"""

import json

from consents.journalfile import JournalEntry
from consents.models import Suppression
from smsconsent import crypto


def seal_block(block: Suppression) -> str:
    """Return a block as the journal holds it: a Fernet token."""
    content = {
        "organisation": str(block.organisation_id),
        "purpose": block.purpose.public_id.hex if block.purpose else "",
        "index": bytes(block.index).hex(),
        "index_key_id": block.index_key_id,
        "reason": block.reason,
        "created_on": block.created_on.isoformat(),
        "review_on": block.review_on.isoformat(),
    }
    return crypto.encrypt_bytes(json.dumps(content).encode()).decode()


def open_block(entry: JournalEntry) -> dict[str, str]:
    """Return what a block says: organisation, purpose, index under today's key and then, reason, dates.

    Raises CannotDecrypt and UnknownKey when a key of those days is gone.
    """
    content: dict[str, str] = json.loads(crypto.decrypt_bytes(entry.sealed.encode()))
    index = crypto.add_layers(
        bytes.fromhex(content["index"]),
        key_id=content.pop("index_key_id"),
        use="suppression",
        organisation=int(content["organisation"]),
    )
    return content | {"index": index.hex(), "index_then": content["index"]}
