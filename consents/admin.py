"""The back office: look and filter. Evidence is read-only; actions call verbs.

A number is found, and erased, in the portal: there a search is posted, and whoever erases leaves a trace.
"""

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from guardian.admin import GuardedModelAdmin

from consents import ledger, services
from consents.models import (
    Anchor,
    CallbackNonce,
    Case,
    CaseCode,
    CaseEvent,
    Checkpoint,
    Confirmation,
    Consent,
    ConsentEvent,
    ConsentImport,
    ContactGuard,
    Disclosure,
    ErasedNumber,
    Erasure,
    EventDetail,
    EvidenceExport,
    HandsetCode,
    HeldEvidence,
    HoldOpening,
    ImportChunk,
    ImportProblem,
    InboundMessage,
    JournalMark,
    KeyCanary,
    Leaf,
    LegalHold,
    Letter,
    LogEntry,
    Node,
    Organisation,
    PendingEntry,
    PendingEvent,
    PrivacyNotice,
    PurgeRun,
    Purpose,
    RateWindow,
    Sender,
    ServiceMessage,
    Subject,
    Suppression,
    Verification,
    Visit,
    Wording,
)
from smsconsent.crypto import GuardedField
from smsconsent.staff import roles
from smsconsent.staff.models import User

# Generic for the type checker only: Django's own class takes no parameter.
if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin


class ReadOnlyAdmin(ModelAdmin):
    """Shows and changes nothing. Ciphertext, digests and keys are left out."""

    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """PRIVACY: of what is encrypted, numbers are shown masked and the rest is not shown at all."""
        return [
            field.name
            for field in self.model._meta.fields
            if not (
                field.generated
                or (
                    isinstance(field, GuardedField)
                    and field.name not in {"phone", "sender", "recipient"}
                )
                or (
                    field.get_internal_type() == "BinaryField"
                    and not isinstance(field, GuardedField)
                )
            )
        ]


class PeopleAdmin(ReadOnlyAdmin):
    """PRIVACY: no search by number. A search is a GET: the number would stand in addresses and logs (L53)."""

    change_list_template = "admin/people.html"


@admin.register(Organisation)
class OrganisationAdmin(GuardedModelAdmin):
    list_display = ["name", "slug", "number", "processor_agreement"]
    search_fields = ["name", "slug", "number"]
    prepopulated_fields = {"slug": ["name"]}

    def save_model(self, request: HttpRequest, obj: Organisation, form: Any, change: bool) -> None:
        """A new organisation has its roles at once, or nobody could be let in."""
        super().save_model(request, obj, form, change)
        roles.sync_roles(obj)


@admin.register(Sender)
class SenderAdmin(ModelAdmin):
    list_display = ["value", "organisation", "reply_number"]
    list_select_related = ["organisation"]
    list_filter = ["organisation"]


@admin.register(Purpose)
class PurposeAdmin(GuardedModelAdmin):
    list_display = [
        "name",
        "organisation",
        "keyword",
        "promised_count",
        "promised_period",
        "closed_at",
    ]
    list_select_related = ["organisation"]
    list_filter = ["organisation"]
    search_fields = ["name", "slug", "keyword"]

    def save_model(self, request: HttpRequest, obj: Purpose, form: Any, change: bool) -> None:
        """A new purpose is open to those who hold a role at its organisation."""
        super().save_model(request, obj, form, change)
        roles.sync_roles(obj, inherit_from=obj.organisation)


@admin.register(PrivacyNotice)
class PrivacyNoticeAdmin(ReadOnlyAdmin):
    list_display = ["organisation", "language", "version", "published_at"]
    list_select_related = ["organisation"]
    list_filter = ["organisation", "language"]


@admin.register(Wording)
class WordingAdmin(ReadOnlyAdmin):
    list_display = ["purpose", "language", "version", "title", "is_material", "published_at"]
    list_select_related = ["purpose__organisation"]
    list_filter = ["language", "is_material"]
    search_fields = ["title", "sha256"]


@admin.register(Subject)
class SubjectAdmin(PeopleAdmin):
    list_display = ["phone", "organisation", "language", "created_at", "held_at", "suspended_at"]
    list_select_related = ["organisation"]
    list_filter = ["organisation", "language"]


@admin.register(Consent)
class ConsentAdmin(PeopleAdmin):
    list_display = [
        "subject",
        "purpose",
        "state",
        "source",
        "requested_at",
        "confirmed_at",
        "ended_at",
    ]
    list_select_related = ["subject", "purpose__organisation"]
    list_filter = ["state", "source", "purpose"]
    actions = ["withdraw"]

    @admin.action(description=_("Withdraw the chosen consents"), permissions=["withdraw"])
    def withdraw(self, request: HttpRequest, chosen: QuerySet[Consent]) -> None:
        assert isinstance(request.user, User)
        by, now = request.user, timezone.now()
        rows = chosen.select_related("subject", "purpose")
        count = sum(
            services.withdraw_for_person(consent, by=by, channel="back office", now=now)
            for consent in rows
        )
        text = ngettext("%(count)d consent withdrawn.", "%(count)d consents withdrawn.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)

    def has_withdraw_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("consents.change_consent")


@admin.register(ConsentEvent)
class ConsentEventAdmin(ReadOnlyAdmin):
    list_display = ["event_id", "kind", "header_text"]
    search_fields = ["event_id"]

    @admin.display(description=_("type"))
    def kind(self, event: ConsentEvent) -> str:
        return ledger.kind_of(event)

    @admin.display(description=_("header"))
    def header_text(self, event: ConsentEvent) -> str:
        return bytes(event.header).decode()

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return ["event_id", "header_text"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["header_text"]


@admin.register(EventDetail)
class EventDetailAdmin(ReadOnlyAdmin):
    list_display = ["event_id", "subject", "seq", "key_id"]
    list_select_related = ["subject"]


@admin.register(Suppression)
class SuppressionAdmin(ReadOnlyAdmin):
    list_display = ["organisation", "purpose", "reason", "created_on", "review_on"]
    list_select_related = ["organisation", "purpose__organisation"]
    list_filter = ["organisation", "reason"]


@admin.register(Case)
class CaseAdmin(ReadOnlyAdmin):
    list_display = ["reference", "organisation", "kind", "due_on", "outcome", "closed_at"]
    list_select_related = ["organisation"]
    list_filter = ["organisation", "kind", "outcome"]


@admin.register(Letter)
class LetterAdmin(ReadOnlyAdmin):
    list_display = ["case", "kind", "language", "written_at", "written_by"]
    list_select_related = ["case", "written_by"]


@admin.register(CaseEvent)
class CaseEventAdmin(ReadOnlyAdmin):
    list_display = ["at", "case", "kind", "by"]
    list_select_related = ["case", "by"]


@admin.register(InboundMessage)
class InboundMessageAdmin(ReadOnlyAdmin):
    list_display = ["received_at", "sender", "recipient", "intent", "state", "trust"]
    list_filter = ["state", "intent", "trust"]


@admin.register(ServiceMessage)
class ServiceMessageAdmin(ReadOnlyAdmin):
    list_display = ["queued_at", "kind", "recipient", "state", "reason", "detail"]
    list_filter = ["state", "kind"]


@admin.register(Disclosure)
class DisclosureAdmin(ReadOnlyAdmin):
    list_display = ["at", "by", "subject", "reason"]
    list_select_related = ["by", "subject"]


@admin.register(Erasure)
class ErasureAdmin(ReadOnlyAdmin):
    list_display = ["reference", "organisation", "asked_by", "asked_at", "destroyed_at"]
    list_select_related = ["organisation"]


@admin.register(Visit)
class VisitAdmin(ReadOnlyAdmin):
    """PRIVACY: neither code nor number. Who asked for a code is nobody's business here."""

    list_display = ["created_at", "organisation", "tries", "expires_at", "opened_at"]
    list_select_related = ["organisation"]


@admin.register(EvidenceExport)
class EvidenceExportAdmin(ReadOnlyAdmin):
    list_display = ["at", "organisation", "kind", "by", "reason", "log_size"]
    list_select_related = ["organisation", "by"]


@admin.register(PurgeRun)
class PurgeRunAdmin(ReadOnlyAdmin):
    list_display = ["started_at", "policy", "is_dry_run", "counts", "error"]
    list_filter = ["policy", "is_dry_run"]


@admin.register(ConsentImport)
class ConsentImportAdmin(ReadOnlyAdmin):
    list_display = [
        "created_at",
        "organisation",
        "state",
        "good_count",
        "problem_count",
        "approved_at",
    ]
    list_select_related = ["organisation"]
    list_filter = ["state", "organisation"]


for model in (
    Anchor,
    CallbackNonce,
    Checkpoint,
    Confirmation,
    ContactGuard,
    HandsetCode,
    HeldEvidence,
    HoldOpening,
    JournalMark,
    KeyCanary,
    LegalHold,
    Leaf,
    LogEntry,
    Node,
    PendingEntry,
    CaseCode,
    ErasedNumber,
    ImportChunk,
    ImportProblem,
    PendingEvent,
    RateWindow,
    Verification,
):
    admin.site.register(model, ReadOnlyAdmin)
