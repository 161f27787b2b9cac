"""Accounts in the back office. Roles are given in the portal, where the object is in sight."""

from typing import TYPE_CHECKING, Any

from allauth.account.admin import EmailAddress
from allauth.account.decorators import secure_admin_login
from allauth.mfa.admin import Authenticator
from django.contrib import admin
from django.http import HttpRequest

from smsconsent.staff.models import RoleGroup, User

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin

# The same sign-in as the portal: one place with limits on guessing, one second factor.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]  # as allauth documents

# SECURITY: allauth's own pages would let a back office read and plant second factors, and move addresses.
admin.site.unregister([Authenticator, EmailAddress])


@admin.register(User)
class UserAdmin(ModelAdmin):
    """Passwords and second factors are set by their owners, never here."""

    list_display = ["email", "name", "is_staff", "is_superuser", "is_active", "last_login"]
    list_filter = ["is_staff", "is_active"]
    search_fields = ["email", "name"]
    fields = ["email", "name", "language", "is_active", "is_staff", "is_superuser", "last_login"]
    readonly_fields = ["last_login"]


@admin.register(Authenticator)
class AuthenticatorAdmin(ModelAdmin):
    """A second factor whose owner has lost it can be taken away; none can be read, made or changed."""

    list_display = ["user", "type", "created_at", "last_used_at"]
    list_filter = ["type"]
    fields = ["user", "type", "created_at", "last_used_at"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(RoleGroup)
class RoleGroupAdmin(ModelAdmin):
    list_display = ["role", "content_type", "object_id"]
    list_filter = ["role"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
