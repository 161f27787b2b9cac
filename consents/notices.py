"""What a privacy notice must say before it can be published (GDPR Art. 13, 14; law.md L38).

A check of words, not of law: it finds a part that is missing, and offers one that is ready. Who is
responsible stands under every notice by itself, from the organisation.
"""

from dataclasses import dataclass

from django.conf import settings
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Part:
    """One part: what it is about, a ready heading and text, and words by which it is recognised.

    Each of `words` is a choice: one of its alternatives, in any of the three languages, must stand there.
    """

    name: str
    label: str | Promise
    heading: str | Promise
    text: str | Promise
    words: tuple[tuple[str, ...], ...]

    @property
    def paragraph(self) -> str:
        """The heading and the text, in the current language, ready to stand in a notice."""
        text = str(self.text)
        if OPERATOR in text:
            text %= {"operator": settings.SMS_OPERATOR}
        return f"## {self.heading}\n{text}"


# Stands for the company that delivers the messages, which the settings name.
OPERATOR = "%(operator)s"
PARTS: tuple[Part, ...] = (
    Part(
        "purpose",
        _("why you store data, and that the basis is consent"),
        _("Why"),
        _(
            "To send you the messages that you asked for, and to be able to show that you asked. "
            "The basis is your consent (GDPR Art. 6(1)(a))."
        ),
        (
            ("samtykk", "consent"),
            ("hvorfor", "kvifor", "formål", "føremål", "for å ", "why", "purpose", "to send"),
        ),
    ),
    Part(
        "period",
        _("how long data is stored"),
        _("How long"),
        _(
            "As long as the consent lasts, and the proof for some time afterwards, as "
            "stated on the page where you signed up. If you do not answer when we ask, "
            "we delete the number after 7 days."
        ),
        (
            ("lenge", "lagringstid", "how long", "as long as"),
            ("dag", "måned", "månad", " år", "day", "month", "year"),
        ),
    ),
    Part(
        "recipients",
        _("who else sees the data"),
        _("Who else sees it"),
        _(
            "%(operator)s delivers the messages for us, under an agreement to use the data for "
            "nothing else. Nobody else gets it."
        ),
        (
            (
                OPERATOR,
                "leverandør",
                "databehandler",
                "mottaker",
                "mottakar",
                "processor",
                "recipient",
            ),
        ),
    ),
    Part(
        "rights",
        _("the rights: access, correction, erasure, objection"),
        _("Your rights"),
        _(
            "You can see what we hold about you, take a copy with you, have it "
            "corrected, restricted or erased, and object to marketing. It is free, and "
            "we answer within a month."
        ),
        (
            ("innsyn", "se hva vi", "sjå kva vi", "access", "see what we"),
            ("retting", "rette", "correct"),
            ("slett", "eras", "delet"),
        ),
    ),
    Part(
        "withdrawal",
        _("that consent can be withdrawn at any time, and how"),
        _("How to stop"),
        _(
            "You can withdraw your consent at any time by replying STOPP. It takes "
            "effect at once, and does not change that what was sent before was lawful."
        ),
        (("trekke", "trekkje", "withdraw"), ("stopp",)),
    ),
    Part(
        "complaint",
        _("the right to complain to Datatilsynet"),
        _("How to complain"),
        _(
            "If you disagree with us, you can complain to Datatilsynet, the Norwegian "
            "Data Protection Authority: datatilsynet.no."
        ),
        (("datatilsynet",),),
    ),
    Part(
        "block_list",
        _(
            "the block list: why, on what basis, for how long, and that the entry is deleted on "
            "request"
        ),
        _("If you do not want to be asked again"),
        _(
            "If you say that it was not you, or that you do not want marketing, a "
            "scrambled form of the number that cannot be read is kept on our block "
            "list. It is used only to leave you in peace. The basis is our legitimate "
            "interest in respecting your no (GDPR Art. 6(1)(f)). We review the list "
            "every 24 months, and delete the entry if you ask us to."
        ),
        (
            ("sperrelist", "block list"),
            ("grunnlag", "interesse", "basis", "interest"),
            ("24", "to år", "two years"),
            ("slett", "delet", "remov"),
        ),
    ),
)


def missing(body: str) -> list[Part]:
    """Return the parts that no section of this notice says, in the order in which they are best read."""
    sections = [" ".join(text.split()) + " " for text in body.casefold().split("##")]
    return [part for part in PARTS if not any(_says(section, part) for section in sections)]


def _says(section: str, part: Part) -> bool:
    # «Strex» is enough for «Strex AS».
    name = settings.SMS_OPERATOR.casefold().split()[0]
    choices = ([name if word is OPERATOR else word for word in choice] for choice in part.words)
    return all(any(word in section for word in choice) for choice in choices)


def completed(body: str, language: str) -> str:
    """Return the notice with the missing parts added at its end, ready to be read and changed."""
    with translation.override(language):
        added = [part.paragraph for part in missing(body)]
    return "\n\n".join(part for part in (body.strip(), *added) if part)
