"""The back office of campaigns: look and filter. What a campaign may do is decided in the portal."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from guardian.admin import GuardedModelAdmin

from campaigns.models import Approval, Campaign, Delivery, Tally
from consents.admin import ReadOnlyAdmin


@admin.register(Campaign)
class CampaignAdmin(ReadOnlyAdmin, GuardedModelAdmin):  # type: ignore[misc]  # guardian names its templates
    list_display = ["name", "purpose", "state", "author", "created_at", "started_at", "ended_at"]
    list_select_related = ["purpose__organisation", "author"]
    list_filter = ["state", "purpose"]
    search_fields = ["name"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Opens guardian's page of permissions on the object. The fields themselves are read-only."""
        return request.user.has_perm("campaigns.change_campaign")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return self.get_fields(request, obj)


@admin.register(Approval)
class ApprovalAdmin(ReadOnlyAdmin):
    list_display = ["campaign", "by", "at", "is_approved", "recipient_count"]
    list_select_related = ["campaign", "by"]


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display = ["campaign", "subject", "state", "reason", "handed_over_at", "detail"]
    list_select_related = ["campaign", "subject"]
    list_filter = ["state"]


@admin.register(Tally)
class TallyAdmin(ReadOnlyAdmin):
    list_display = ["campaign", "state", "reason", "count"]
    list_select_related = ["campaign"]
    list_filter = ["state"]
