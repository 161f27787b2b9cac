"""The benchmark suite: `make bench`. Each figure is a ratio to a bare version of the same run.

One module per target of docs/performance.md: `p01_dispatch.py` and so on. A module names the targets it
measures in `MEASURES` and yields `Figure`s from `measure(bench)`; nothing else registers it.
"""

import os

import django

# A PostgreSQL of its own, as the tests start it.
os.environ.setdefault("TEST_DATABASE", "postgres")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()
