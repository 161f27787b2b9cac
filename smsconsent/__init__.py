"""smsconsent: SMS that is lawful, documented and trusted."""

from smsconsent.celery import app as celery_app

__all__ = ["celery_app"]
