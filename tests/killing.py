"""`python -m tests.killing fernet|hold|index|layer SECONDS`: rotate keys, killed time after time.

A process that has not touched the database forks one child after the other, and kills each (SIGKILL) while it
works. It prints how many it killed.
"""

import os
import signal
import sys
import time

import django

MOST = 500


def rotate(kind: str) -> None:
    from smsconsent import rotation  # noqa: PLC0415  Django must be set up first

    if kind == "fernet":
        rotation.rotate_fernet()
    elif kind == "hold":
        rotation.rotate_held()
    else:
        rotation.rotate_index(by_layer=kind == "layer")


def is_through(kind: str, seconds: float) -> bool:
    """Return whether a child ended by itself, and well, before its time was up."""
    child = os.fork()
    if child == 0:
        rotate(kind)
        os._exit(0)
    give_up_at = time.monotonic() + seconds
    while time.monotonic() < give_up_at:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            if status:
                sys.exit(f"A child failed: {status}")
            return True
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


if __name__ == "__main__":
    django.setup()
    kind, seconds = sys.argv[1], float(sys.argv[2])
    # On a machine under load a child may not even get to its first batch: each has a little longer.
    for kills in range(MOST):
        if is_through(kind, seconds * (1 + kills / 10)):
            print(kills)  # noqa: T201  the answer
            sys.exit(0)
    sys.exit(f"Not through after {MOST} kills.")
