"""Pages for people. They stand last in the project: the first part of the address is a chosen name."""

from django.urls import path

from consents.views import public

app_name = "consents"
urlpatterns = [
    path("", public.front, name="front"),
    path("c/<str:token>/", public.confirm, name="confirm"),
    path("s/<str:token>/", public.stop, name="stop"),
    path("<slug:organisation>/", public.organisation, name="organisation"),
    path("<slug:organisation>/privacy/", public.privacy, name="privacy"),
    path("<slug:organisation>/<slug:purpose>/", public.sign_up, name="sign-up"),
    path("<slug:organisation>/<slug:purpose>/done/", public.sign_up_done, name="sign-up-done"),
    path(
        "<slug:organisation>/<slug:purpose>/handset/<str:public_id>/",
        public.handset,
        name="handset",
    ),
]
