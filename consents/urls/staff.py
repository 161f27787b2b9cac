"""Pages for colleagues: people, purposes and privacy, each under its organisation."""

from django.urls import path

from consents.views.staff import inbox, keeping, numbers, purposes

app_name = "people"
urlpatterns = [
    path("<slug:organisation>/purposes/", purposes.purposes, name="purposes"),
    path("<slug:organisation>/purposes/<slug:purpose>/", purposes.purpose, name="purpose"),
    path("<slug:organisation>/purposes/<slug:purpose>/wording/", purposes.wording, name="wording"),
    path(
        "<slug:organisation>/purposes/<slug:purpose>/register/", purposes.register, name="register"
    ),
    path("<slug:organisation>/notice/", purposes.notice, name="notice"),
    path("<slug:organisation>/numbers/", numbers.search, name="search"),
    path("<slug:organisation>/numbers/<uuid:public_id>/", numbers.number, name="number"),
    path(
        "<slug:organisation>/numbers/<uuid:public_id>/stop/<int:consent>/",
        numbers.stop,
        name="number-stop",
    ),
    path("<slug:organisation>/numbers/<uuid:public_id>/reveal/", numbers.reveal, name="reveal"),
    path("<slug:organisation>/numbers/<uuid:public_id>/erase/", numbers.erase, name="erase"),
    path("<slug:organisation>/numbers/<uuid:public_id>/release/", numbers.release, name="release"),
    path("<slug:organisation>/inbox/", inbox.inbox, name="inbox"),
    path("<slug:organisation>/inbox/<int:message>/", inbox.settle, name="settle"),
    path("<slug:organisation>/retention/", keeping.keeping, name="retention"),
]
