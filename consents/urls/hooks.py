"""Where the gateway calls."""

from django.urls import path

from consents.views import webhooks

app_name = "hooks"
urlpatterns = [
    path("<slug:gateway>/<str:secret>/inbound/", webhooks.inbound, name="inbound"),
    path("<slug:gateway>/<str:secret>/receipts/", webhooks.receipts, name="receipts"),
]
