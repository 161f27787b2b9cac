"""django-newsletter, as its documents say: its sign-up page, and its dispatch (`python peer.py PEOPLE`)."""

import os
import sys
import time
from datetime import timedelta
from types import ModuleType
from typing import Any

import django
import environ
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.db import models
from django.urls import include, path
from django.utils import timezone

database = environ.Env.db_url_config(os.environ["DATABASE_URL"])
settings.configure(
    SECRET_KEY="peer",  # noqa: S106  it signs nothing
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    SITE_ID=1,
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    EMAIL_BACKEND="django.core.mail.backends.dummy.EmailBackend",
    NEWSLETTER_THUMBNAIL="sorl-thumbnail",
    NEWSLETTER_USE_HTTPS=False,
    DATABASES={"default": database | {"CONN_MAX_AGE": 60}},
    INSTALLED_APPS=[
        "django.contrib.contenttypes",
        "django.contrib.auth",
        "django.contrib.sessions",
        "django.contrib.sites",
        "django.contrib.messages",
        "newsletter",
    ],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ]
            },
        }
    ],
)
# It will not load without a thumbnailer of pictures in its messages. Ours hold none.
sorl: Any = ModuleType("sorl.thumbnail.fields")
sorl.thumbnail, sorl.fields, sorl.ImageField = sorl, sorl, models.FileField
sys.modules |= dict.fromkeys(("sorl", "sorl.thumbnail", "sorl.thumbnail.fields"), sorl)
django.setup()

from django.contrib.sites.models import Site  # noqa: E402  after setup
from newsletter.models import Article, Message, Newsletter, Submission, Subscription  # noqa: E402

urlpatterns = [path("newsletter/", include("newsletter.urls"))]
application = get_wsgi_application()


def fill(people: int) -> Newsletter:
    """Make the tables, a newsletter and its subscribers."""
    call_command("migrate", verbosity=0)
    letter, _made = Newsletter.objects.get_or_create(
        slug="tilbud", defaults={"title": "Tilbud", "sender": "Fjord", "email": "a@fjord.example"}
    )
    letter.site.add(Site.objects.get_current())
    Subscription.objects.bulk_create(
        Subscription(newsletter=letter, email_field=f"p{number}@example.org", subscribed=True)
        for number in range(people)
    )
    return letter


def dispatch(letter: Newsletter) -> float:
    """Send one message to all of them by its own verb, to a backend that drops it. Return seconds."""
    message = Message.objects.create(title="Ski", newsletter=letter, slug="ski")
    Article.objects.create(title="Ski", text="Halv pris på ski.", post=message)
    submission = Submission.from_message(message)
    submission.publish_date = timezone.now() - timedelta(minutes=1)
    submission.prepared = True
    submission.save()
    began = time.perf_counter()
    submission.submit()
    return time.perf_counter() - began


if __name__ == "__main__":
    count = int(sys.argv[1])
    tilbud = fill(count)
    if count:
        sys.stdout.write(f"{dispatch(tilbud)}\n")
