"""The form for an organisation's own words, and what is said of a word that cannot be one."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from consents.keywords import Intent
from consents.services import LONGEST_WORD, MOST_WORDS, Objection, WordsRefused

OBJECTIONS = {
    Objection.MANY: _("At most %(count)d words."),
    Objection.LONG: _("“%(word)s” is too long: at most %(length)d characters."),
    Objection.EMPTY: _("“%(word)s” means nothing by itself."),
    Objection.ALPHABET: _("“%(word)s” has letters that make an SMS more expensive."),
    Objection.ALREADY: _("“%(word)s” already applies, for everybody."),
    Objection.STOPS: _("“%(word)s” contains a stop or a no, or looks like one."),
    Objection.OTHERWISE: _("“%(word)s” already means something else."),
    Objection.KEYWORD: _("“%(word)s” contains the keyword of a purpose."),
    Objection.TWICE: _("“%(word)s” is listed twice, or counts as the same as another word."),
}
LONGEST_TEXT = MOST_WORDS * (LONGEST_WORD + 2)


def _words(label: Any, help_text: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=help_text,
        required=False,
        max_length=LONGEST_TEXT,
        widget=forms.Textarea({"rows": 4}),
    )


class WordsForm(forms.Form):
    """Own words by what they mean, one on a line."""

    stop = _words(
        _("Stop"),
        _(
            "One on each line. On its own, a word stops the messages. First or last in "
            "a text, it puts the number on hold until a colleague has read the text. "
            "Two words or more together stop wherever they stand."
        ),
    )
    help = _words(
        _("Help"),
        _("One on each line. Applies when the text says nothing else."),
    )
    start = _words(
        _("Start"),
        _(
            "One on each line. Applies when the text says nothing else, and only at a "
            "short number that is yours alone. The person is asked to confirm, as "
            "always."
        ),
    )

    @property
    def words(self) -> dict[Intent, str]:
        return {Intent(name): text for name, text in self.cleaned_data.items()}

    def explain(self, refused: WordsRefused) -> None:
        """Put beside each list what is wrong with its words."""
        for problem in refused.problems:
            says = {"word": problem.word, "count": MOST_WORDS, "length": LONGEST_WORD}
            self.add_error(problem.kind, str(OBJECTIONS[problem.objection]) % says)
