"""Publishing wordings and privacy notices: immutable versions, addressed by their content."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from consents import ledger, notices, plain_language
from consents.models import Consent, Organisation, PrivacyNotice, Purpose, Wording
from smsconsent.staff.models import User


@dataclass(frozen=True, slots=True)
class Texts:
    """Every text that a person is shown before the yes (guide G04, G12)."""

    title: str
    who: str
    what: str
    why: str
    frequency: str
    how_to_stop: str
    declaration: str
    age_declaration: str = ""


class NoticeMissing(Exception):
    """A wording names the privacy notice it was shown with, so there must be one."""


class NoticeIncomplete(Exception):
    """The notice leaves out what a person must be told. `parts` names what is missing."""

    def __init__(self, parts: list[notices.Part]) -> None:
        super().__init__(", ".join(part.name for part in parts))
        self.parts = parts


class WordingUnclear(Exception):
    """The words are vague, hard to read, or promise another frequency. `problems` names each."""

    def __init__(self, problems: list[plain_language.Problem]) -> None:
        super().__init__(", ".join(f"{each.field}: {each.fault}" for each in problems))
        self.problems = problems


@transaction.atomic
def publish_notice(
    organisation: Organisation,
    *,
    language: str,
    body: str,
    now: datetime,
    is_material: bool = False,
) -> PrivacyNotice:
    """Publish the next version of the privacy notice. The same text again is the same version.

    `is_material`: everybody who reads it in this language is told by SMS (law.md L23).
    Raises NoticeIncomplete when a part is missing that the law demands (law.md L38).
    """
    if parts := notices.missing(body):
        raise NoticeIncomplete(parts)
    newest = organisation.notices.filter(language=language).order_by("-version").first()
    if newest is not None and newest.body == body:
        return newest
    notice = PrivacyNotice(
        organisation=organisation,
        language=language,
        version=newest.version + 1 if newest else 1,
        body=body,
        is_material=is_material and newest is not None,
        published_at=now,
    )
    notice.sha256 = ledger.content_hash(ledger.notice_bundle(notice))
    notice.save(force_insert=True)
    return notice


def count_not_covered(purpose: Purpose, *, language: str, now: datetime) -> int:
    """Return how many would stop getting messages if these words changed in substance now (F160).

    They get one SMS that asks for a new yes, and nothing more until it comes (law.md L23).
    """
    mine = Consent.objects.for_purpose(purpose).sendable(now)
    return mine.filter(wording__language=language).count()


def count_to_tell(organisation: Organisation, *, language: str, now: datetime) -> int:
    """Return how many people would be told by SMS if the notice changed in substance now."""
    given = Consent.objects.renewable(now).filter(purpose__organisation=organisation)
    return given.filter(subject__language=language).values("subject").distinct().count()


@transaction.atomic
def publish_wording(
    purpose: Purpose,
    *,
    language: str,
    texts: Texts,
    is_material: bool,
    by: User | None,
    now: datetime,
) -> Wording:
    """Publish the next version of a wording. The same words again are the same version.

    Raises WordingUnclear when the words are not plain and definite, or say another frequency than is kept
    when sending (guide G12, G24), and NoticeMissing when the organisation has no privacy notice to name.
    """
    words = _plain_words(purpose, texts)
    notice = purpose.organisation.notices.current(language)
    if notice is None:
        raise NoticeMissing
    newest = purpose.wordings.filter(language=language).order_by("-version").first()
    shown = (
        purpose.wordings.filter(language=language, imported_text="").order_by("-version").first()
    )
    wording = Wording(
        purpose=purpose,
        language=language,
        version=newest.version + 1 if newest else 1,
        notice=notice,
        is_material=is_material,
        published_at=now,
        published_by=by,
        **words,
    )
    wording.sha256 = ledger.content_hash(ledger.wording_bundle(wording))
    known = purpose.wordings.filter(language=language, sha256=wording.sha256).first()
    if known is not None and known == shown:
        return known
    wording.save(force_insert=True)
    return wording


def _plain_words(purpose: Purpose, texts: Texts) -> dict[str, str]:
    """Return the texts by field. Raises WordingUnclear."""
    words: dict[str, str] = {name: getattr(texts, name) for name in Texts.__slots__}
    unclear = plain_language.problems(
        words, count=purpose.promised_count, period=purpose.promised_period
    )
    if unclear:
        raise WordingUnclear(unclear)
    return words
