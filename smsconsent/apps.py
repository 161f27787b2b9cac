"""The kernel as a Django app: commands and system checks."""

from django.apps import AppConfig

# Loaded with Django, not with the package: shared tasks find their Celery app in every Django process,
# and what needs no Django (the gateway simulator) starts without Celery's half second.
from smsconsent.celery import app as celery_app

__all__ = ["SmsconsentConfig", "celery_app"]


class SmsconsentConfig(AppConfig):
    name = "smsconsent"
    verbose_name = "smsconsent"
