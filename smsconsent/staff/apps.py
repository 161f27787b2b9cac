"""Who may come in: staff accounts, roles and sign-in."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class StaffConfig(AppConfig):
    name = "smsconsent.staff"
    label = "staff"
    verbose_name = _("Staff")
