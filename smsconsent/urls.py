"""Every address, in one table. The public pages stand last: their first part is a name people choose."""

from django.contrib import admin
from django.urls import include, path

from smsconsent.health import healthz, readyz

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("admin/", admin.site.urls),
    path("staff/", include("smsconsent.staff.urls")),
    path("staff/", include("consents.urls.staff")),
    path("staff/", include("campaigns.urls")),
    path("hooks/", include("consents.urls.hooks")),
    path("", include("consents.urls.public")),
]

handler400 = "smsconsent.errors.bad_request"
