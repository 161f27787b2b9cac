"""Where the gateway calls."""

from django.urls import path

from consents.views import webhooks

app_name = "hooks"
urlpatterns = [
    # As somebody may type it at the gateway: a redirect would lose what people write.
    path("<slug:gateway>/<str:secret>/inbound", webhooks.inbound, name="inbound"),
    path("<slug:gateway>/<str:secret>/receipts", webhooks.receipts, name="receipts"),
    # The last of a name is the one that is given out.
    path("<slug:gateway>/<str:secret>/inbound/", webhooks.inbound, name="inbound"),
    path("<slug:gateway>/<str:secret>/receipts/", webhooks.receipts, name="receipts"),
]
