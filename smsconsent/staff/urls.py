"""Start page, colleagues and sign-in. Of django-allauth only the pages that staff need are open."""

from allauth.account import views as account
from django.urls import include, path, re_path

from smsconsent.staff import language, views

staff_patterns = (
    [
        path("", views.home, name="home"),
        path("language/", language.language, name="language"),
        path("<slug:organisation>/colleagues/", views.colleagues, name="colleagues"),
        path(
            "<slug:organisation>/colleagues/<int:group>/<int:user>/take/",
            views.take_role,
            name="take-role",
        ),
    ],
    "staff",
)
account_patterns = [
    path("login/", account.login, name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("password/change/", account.password_change, name="account_change_password"),
    path("password/set/", account.password_set, name="account_set_password"),
    path("password/reset/", account.password_reset, name="account_reset_password"),
    path("password/reset/done/", account.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path(
        "password/reset/key/done/",
        account.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    path("second-factor/", include("allauth.mfa.urls")),
]
urlpatterns = [path("account/", include(account_patterns)), path("", include(staff_patterns))]
