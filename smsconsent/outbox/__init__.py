"""The one way out: claim → gate → hand over → record. Every SMS leaves here (architecture.md).

The database is the queue of record. A claim writes one lease for a whole batch, before anything leaves. A
crash leaves that lease, which runs out; the sweeper then asks the gateway by id and hands over again, under
the same id, only what the gateway has never seen (decision 20).
"""

from smsconsent.outbox.gates import (
    Block,
    Gate,
    Send,
    Verdict,
    Wait,
    every_message_has_a_gate,
    gate_of,
)
from smsconsent.outbox.messages import (
    Lease,
    Move,
    OutboundMessage,
    block_queued,
    block_waiting,
    end_queued,
    find,
    find_all,
    lanes,
    lock_in_order,
    maybe_at_gateway,
)
from smsconsent.outbox.precedence import stops_came
from smsconsent.outbox.questions import Question
from smsconsent.outbox.sending import (
    GATEWAY_DEADLINE,
    a_lease_outlasts_the_gateway,
    batch_size,
    claim,
    hand_over,
    why_stopped,
    work,
    work_in_threads,
)
from smsconsent.outbox.settling import (
    LOOKUPS_AT_ONCE,
    Listener,
    Recorder,
    compare_parts,
    look_up,
    record_receipt,
    recover,
)

__all__ = [
    "GATEWAY_DEADLINE",
    "LOOKUPS_AT_ONCE",
    "Block",
    "Gate",
    "Lease",
    "Listener",
    "Move",
    "OutboundMessage",
    "Question",
    "Recorder",
    "Send",
    "Verdict",
    "Wait",
    "a_lease_outlasts_the_gateway",
    "batch_size",
    "block_queued",
    "block_waiting",
    "claim",
    "compare_parts",
    "end_queued",
    "every_message_has_a_gate",
    "find",
    "find_all",
    "gate_of",
    "hand_over",
    "lanes",
    "lock_in_order",
    "look_up",
    "maybe_at_gateway",
    "record_receipt",
    "recover",
    "stops_came",
    "why_stopped",
    "work",
    "work_in_threads",
]
