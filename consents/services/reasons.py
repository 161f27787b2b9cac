"""What is done for a reason is done with the reason written down."""


class ReasonMissing(ValueError):
    """Somebody must write why."""


def written(reason: str) -> str:
    """Return the reason without space around it. Raises ReasonMissing when nothing is left."""
    if not (text := reason.strip()):
        raise ReasonMissing
    return text
