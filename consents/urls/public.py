"""Pages for people. They stand last in the project: the first part of the address is a chosen name."""

from django.urls import path

from consents.views import me, public, receipts

app_name = "consents"
urlpatterns = [
    path("", public.front, name="front"),
    path("c/<str:token>/", public.confirm, name="confirm"),
    path("s/<str:token>/", public.stop, name="stop"),
    path("me/", me.choose, name="me-choose"),
    path("evidence/keys.txt", receipts.log_keys, name="log-keys"),
    path("r/<str:token>/", receipts.receipt, name="receipt"),
    path("r/<str:token>/receipt.jsonld", receipts.receipt_file, name="receipt-file"),
    path("<slug:organisation>/", public.organisation, name="organisation"),
    path("<slug:organisation>/me/", me.me, name="me"),
    path("<slug:organisation>/me/code/", me.me_code, name="me-code"),
    path("<slug:organisation>/me/<int:consent>/stop/", me.stop, name="me-stop"),
    path("<slug:organisation>/me/<int:consent>/pause/", me.pause, name="me-pause"),
    path("<slug:organisation>/me/<int:consent>/resume/", me.resume, name="me-resume"),
    path("<slug:organisation>/me/<int:consent>/count/", me.count, name="me-count"),
    path("<slug:organisation>/me/<int:consent>/renew/", me.renew, name="me-renew"),
    path("<slug:organisation>/me/language/", me.language, name="me-language"),
    path("<slug:organisation>/me/not-me/", me.not_me, name="me-not-me"),
    path("<slug:organisation>/me/leave/", me.leave, name="me-leave"),
    path("<slug:organisation>/me/everything/", me.everything, name="me-everything"),
    path("<slug:organisation>/me/everything.json", me.everything_file, name="me-everything-file"),
    path("<slug:organisation>/me/everything.csv", me.everything_table, name="me-everything-table"),
    path("<slug:organisation>/me/erase/", me.erase, name="me-erase"),
    path("<slug:organisation>/erased/<str:reference>/", me.erased, name="me-erased"),
    path("<slug:organisation>/erased/<str:reference>/report.json", me.report, name="me-report"),
    path("<slug:organisation>/privacy/", public.privacy, name="privacy"),
    path("<slug:organisation>/<slug:purpose>/", public.sign_up, name="sign-up"),
    path("<slug:organisation>/<slug:purpose>/done/", public.sign_up_done, name="sign-up-done"),
    path(
        "<slug:organisation>/<slug:purpose>/handset/<str:public_id>/",
        public.handset,
        name="handset",
    ),
]
