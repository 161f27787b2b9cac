#!/usr/bin/env python3
"""The command line of smsconsent. Without DATABASE_URL it works on the embedded installation under var/."""

import os
import sys

from django.core.management import execute_from_command_line

from smsconsent import embedded

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "smsconsent.settings")
    embedded.enter(create="run" in sys.argv[1:2])
    execute_from_command_line(sys.argv)
