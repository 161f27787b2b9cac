"""The repository checks itself: what is written twice must say the same."""

import re
from pathlib import Path

import polib
import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Permission
from django.core.management import get_commands
from django.db.models import Model

from consents.retention import policies
from smsconsent.celery import app
from smsconsent.crypto import GuardedField
from smsconsent.settings import env
from smsconsent.staff import roles
from tests.environment import ROOT, documented_variables

DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
FOLDERS = "smsconsent|consents|campaigns|tests|docs|templates|static|locale"
COVERED = [name for policy in policies() for name in policy.covers]
# What sounds personal and is not, and why.
NOT_PERSONAL = {
    "campaigns.Approval.comment": "what a colleague writes about a campaign",
    "campaigns.Campaign.name": "the name of a campaign",
    "campaigns.Campaign.text": "the same words for everybody",
    "campaigns.Approval.content_sha256": "digest of a campaign's words",
    "consents.CallbackNonce.body_sha256": "goes with the nonce, after 15 minutes",
    "consents.CallbackNonce.key_name": "which of the gateway's keys signed",
    "consents.Case.index_key_id": "the name of a key",
    "consents.ErasedNumber.index_key_id": "the name of a key",
    "consents.InboundMessage.index_key_id": "the name of a key",
    "consents.KeyCanary.index": "of a word that is known",
    "consents.KeyCanary.index_key_id": "the name of a key",
    "consents.KeyCanary.word": "a word that is known",
    "consents.ServiceMessage.index_key_id": "the name of a key",
    "consents.Subject.index_key_id": "the name of a key",
    "consents.Suppression.index_key_id": "the name of a key",
    "consents.Leaf.tree_index": "a place in the log",
    "consents.Organisation.name": "an organisation",
    "consents.Organisation.contact_email": "an organisation's public address",
    "consents.Organisation.contact_phone": "an organisation's public number",
    "consents.Organisation.address": "an organisation's public address",
    "consents.Confirmation.email_sent_at": "a time",
    "consents.Purpose.asks_by_email": "yes or no",
    "consents.Purpose.name": "the name of a purpose",
    "consents.Sender.reply_number": "our own short number",
    "consents.Wording.imported_text": "the same words for everybody",
}
SOUNDS_PERSONAL = re.compile(
    r"phone|e?mail|text|address$|name$|token|digest|index|nonce|tag_key|sender_index|recipient_index|comment"
)


def our_models() -> list[type[Model]]:
    labels = {"consents", "campaigns", "staff"}
    return [model for model in apps.get_models() if model._meta.app_label in labels]


def test_every_field_with_personal_data_has_a_policy() -> None:
    found = {
        f"{model._meta.label}.{field.name}"
        for model in our_models()
        for field in model._meta.fields
        if isinstance(field, GuardedField) or SOUNDS_PERSONAL.search(field.name)
    }

    assert found - set(COVERED) - NOT_PERSONAL.keys() == set()


def test_every_policy_covers_real_fields_once() -> None:
    for name in COVERED:
        model, field = name.rsplit(".", 1)
        apps.get_model(model)._meta.get_field(field)

    assert len(COVERED) == len(set(COVERED))


def test_the_data_map_names_every_covered_field() -> None:
    text = (ROOT / "docs/data-map.md").read_text(encoding="utf-8")

    assert [name for name in COVERED if f"`{name}`" not in text] == []
    assert [policy.name for policy in policies() if f"({policy.name})" not in text] == []


def test_the_data_map_names_no_field_that_is_gone() -> None:
    text = (ROOT / "docs/data-map.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:consents|campaigns|staff|sessions)\.[A-Z]\w+\.\w+)`", text)

    assert set(named) == set(COVERED)


def test_every_beat_entry_names_a_task() -> None:
    app.loader.import_default_modules()

    assert [
        e["task"] for e in settings.CELERY_BEAT_SCHEDULE.values() if e["task"] not in app.tasks
    ] == []


def test_every_task_of_ours_is_woken_by_beat() -> None:
    app.loader.import_default_modules()
    ours = {name for name in app.tasks if name.startswith(("consents.", "campaigns."))}
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}

    # One mail, named by its id, sent at once; what it may lose is found by send_waiting_emails.
    assert ours - scheduled == {"consents.tasks.send_confirmation_email"}


@pytest.mark.django_db
def test_every_role_names_permissions_that_exist() -> None:
    known = {
        (f"{p.content_type.app_label}.{p.content_type.model}", p.codename)
        for p in Permission.objects.select_related("content_type")
    }
    named = {
        (label, codename)
        for role in roles.ROLES.values()
        for label, codenames in role.may.items()
        for codename in codenames
    }

    assert named <= known


def test_every_permission_of_ours_is_held_by_a_role() -> None:
    held = {
        c for role in roles.ROLES.values() for codenames in role.may.values() for c in codenames
    }
    own = {codename for model in our_models() for codename, _name in model._meta.permissions}

    assert own <= held


# -- settings and documents ------------------------------------------------------------------------
def test_every_variable_is_documented_with_a_comment() -> None:
    documented = documented_variables()

    assert set(env.scheme) == set(documented)
    assert [name for name, comment in documented.items() if not comment] == []


def test_operations_lists_every_variable() -> None:
    text = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `([A-Z][A-Z0-9_]*)` \|", text, re.MULTILINE))

    assert listed == set(env.scheme)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_a_document_names_only_what_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    targets = set(
        re.findall(
            r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE
        )
    )
    paths = re.findall(
        r"`((?:smsconsent|consents|campaigns|tests|docs|templates|static|locale)/[\w./-]*)`", text
    )
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if not link.startswith("http")]

    assert [path for path in paths if not (ROOT / path).exists()] == []
    assert [link for link in links if not (document.parent / link).exists()] == []
    assert set(re.findall(r"`make ([a-z-]+)", text)) <= targets
    assert set(re.findall(r"manage\.py ([a-z_]+)", text)) <= get_commands().keys()


def test_the_map_of_the_kernel_names_every_module() -> None:
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    first_cells = " ".join(re.findall(r"^\| (`.+?) \|", text, re.MULTILINE))
    named = {name.rstrip("/") for name in re.findall(r"`([\w/]+)`", first_cells)}
    wiring = {"apps", "celery", "management", "migrations", "models", "settings", "urls", "wsgi"}
    modules = {path.stem for path in (ROOT / "smsconsent").iterdir() if path.name[0] != "_"}

    assert named == modules - wiring


@pytest.mark.parametrize("language", ["nb", "nn"])
def test_every_text_is_translated(language: str) -> None:
    folder = ROOT / "locale" / language / "LC_MESSAGES"
    catalogue, compiled = (
        polib.pofile(folder / "django.po"),
        polib.mofile(str(folder / "django.mo")),
    )

    assert [entry.msgid for entry in catalogue.untranslated_entries()] == []
    assert [entry.msgid for entry in catalogue.fuzzy_entries()] == []
    assert {(e.msgid, e.msgstr) for e in catalogue if not e.msgid_plural} == {
        (e.msgid, e.msgstr) for e in compiled if not e.msgid_plural
    }
