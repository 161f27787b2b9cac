"""The benchmark suite: `make bench`. Each figure is a ratio to a bare version of the same run."""

import os

import django

# A PostgreSQL of its own, as the tests start it.
os.environ.setdefault("TEST_DATABASE", "postgres")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()
