"""How much of each trust test is run: a little in `make test`, all of it in `make trust`."""

import os

IS_RELEASE = os.environ.get("TRUST_SIZE", "small") == "release"


def of(small: int, release: int) -> int:
    """Return the size of this run: TRUST_SIZE=small (the default) or release (trust.md § 12)."""
    return release if IS_RELEASE else small
