"""The kernel as a Django app: commands and system checks."""

from django.apps import AppConfig


class SmsconsentConfig(AppConfig):
    name = "smsconsent"
    verbose_name = "smsconsent"
