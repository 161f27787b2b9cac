"""How people refuse in the languages of those who are called up less often: words by kind, as data.

To add a language, add a module with a table and name it below: under each kind the words as people write
them, a `*` for every ending. The rules are the same for all (`abroad`); a kind that a language does without
is left out. Accents and case do not matter. Bokmål, nynorsk, Swedish, Danish and English, which people mix,
stand together in `kinds`.

not, none: «nicht», «kein». want, receive, interest: «ich will», «erhalten», «interessiert». unwant,
unwrite: both in one word, with the not. message: what we send. write: what we do. more: «again», «ever».
me, my, this, you: pronouns. stop: «cessez»; enough: a stop only beside a message or writing. begin, end:
«hört … auf». remove: «löscht»; removeme: in one word. list, data: what one stands on, and what is known of a
person. subscription, cancel: only together. unsubscribe: means nothing else. consent, withdraw, object: as
the law has them. give, out: «denme de baja», where the word for out means other things too. leave, peace:
«lasst mich in Ruhe». small: words that may stand between; polite: the same. doubt: threats and wrong
numbers, which hold.
"""

from consents.tongues import (
    arabic,
    finnish,
    french,
    german,
    lithuanian,
    polish,
    russian,
    sami,
    spanish,
    ukrainian,
)

TONGUES = (
    arabic.WORDS,
    finnish.WORDS,
    french.WORDS,
    german.WORDS,
    lithuanian.WORDS,
    polish.WORDS,
    russian.WORDS,
    sami.WORDS,
    spanish.WORDS,
    ukrainian.WORDS,
)
