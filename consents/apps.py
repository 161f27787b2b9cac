"""Who may be sent what, and how we know."""

from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from consents import triggers


class ConsentsConfig(AppConfig):
    name = "consents"
    verbose_name = _("Consents")

    def ready(self) -> None:
        post_migrate.connect(put_triggers_back, sender=self)
        post_migrate.connect(plant_canary, sender=self)


def put_triggers_back(*, using: str, **kwargs: Any) -> None:
    """SECURITY: SQLite drops triggers without a word when Django rebuilds a table."""
    connection = connections[using]
    if "ledger_event" in connection.introspection.table_names():
        triggers.install(connection)
        triggers.check(connection)


def plant_canary(*, using: str, **kwargs: Any) -> None:
    """From the first migration on, each start compares the keys with what they wrote."""
    if "key_canary" in connections[using].introspection.table_names():
        import_string("consents.canary.plant")()
