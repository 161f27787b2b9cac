"""Minimal Django views behind Django's usual middleware: insert a row, take a form, insert from JSON.

`python bare.py` makes the table, once a database.
"""

import json
import os
from typing import ClassVar

import django
import environ
from django import forms
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection, models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.middleware.csrf import get_token
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

database = environ.Env.db_url_config(os.environ["DATABASE_URL"])
settings.configure(
    SECRET_KEY="bare",  # noqa: S106  it signs nothing
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    DATABASES={"default": database | {"OPTIONS": {"pool": {"min_size": 0, "max_size": 8}}}},
    INSTALLED_APPS=[
        "django.contrib.contenttypes",
        "django.contrib.auth",
        "django.contrib.sessions",
    ],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
)
django.setup()


class Row(models.Model):
    key = models.CharField(max_length=40)
    text = models.TextField()
    at = models.DateTimeField(auto_now_add=True)
    objects: ClassVar[models.Manager["Row"]] = models.Manager()

    class Meta:
        app_label = "bare"


class Form(forms.Form):
    phone = forms.CharField(max_length=20)
    agree = forms.BooleanField()


def look(request: HttpRequest) -> HttpResponse:
    return HttpResponse(get_token(request))


@csrf_exempt
def insert(request: HttpRequest) -> HttpResponse:
    fields = json.loads(request.body)
    Row.objects.create(key=fields.get("transactionId", ""), text=request.body.decode())
    return HttpResponse()


def form(request: HttpRequest) -> HttpResponse:
    filled = Form(request.POST)
    if not filled.is_valid():
        return HttpResponse(status=422)
    Row.objects.create(key=filled.cleaned_data["phone"], text="")
    return HttpResponseRedirect("/done/")


urlpatterns = [path("", look), path("insert/", insert), path("form/", form)]

application = get_wsgi_application()

# Not by the site: its processes start together, and one would find the table made beneath its hands.
if __name__ == "__main__":
    with connection.schema_editor() as editor:
        editor.create_model(Row)
    connection.close_pool()  # type: ignore[attr-defined]  # PostgreSQL has one
