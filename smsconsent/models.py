"""The tables of the kernel: leases over batches of messages, and what the gateway is to be asked."""

from smsconsent.outbox import Lease, Question

__all__ = ["Lease", "Question"]
