"""The tables of the kernel: leases over batches of messages."""

from smsconsent.outbox import Lease

__all__ = ["Lease"]
