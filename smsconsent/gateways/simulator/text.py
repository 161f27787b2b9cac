"""What Strex does to a text, written apart from `smsconsent.gsm` so that one can prove the other wrong."""

GSM = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENSION = set("\f^{}\\[~]|€")
# The documented replacements, and no more: `“ ‘ — …` and tabs are not among them.
_SPACES = "\u00a0\u1680\u180e\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
_SPACES += "\u200b\u202f\u205f\u3000\ufeff"
_REPLACEMENTS = str.maketrans(
    {"–": "-", "«": '"', "»": '"', "”": '"', "’": "'"} | dict.fromkeys(_SPACES, " ")
)


class NotGsm(Exception):
    """The text needs UCS-2 and the sender has not allowed it."""


def transmitted(content: str, *, allow_unicode: bool | None, null_means_ucs2: bool) -> str:
    """Return the text that goes out. Raises NotGsm.

    True: as it is. False: refused unless it is GSM. None: documented replacements, then `?` for
    what is left, or UCS-2 (the sources disagree).
    """
    if allow_unicode or is_gsm(content):
        return content
    if allow_unicode is False:
        raise NotGsm
    replaced = content.translate(_REPLACEMENTS)
    if is_gsm(replaced):
        return replaced
    if null_means_ucs2:
        return replaced
    return "".join(char if is_gsm(char) else "?" for char in replaced)


def is_gsm(content: str) -> bool:
    """Return whether the text can be sent with seven bits a character."""
    return all(char in GSM or char in GSM_EXTENSION for char in content)


def part_count(content: str) -> int:
    """Return how many SMS it takes. No character is split over two parts."""
    if is_gsm(content):
        widths = [2 if char in GSM_EXTENSION else 1 for char in content]
        return _parts(widths, alone=160, each=153)
    widths = [2 if ord(char) > 0xFFFF else 1 for char in content]
    return _parts(widths, alone=70, each=67)


def _parts(widths: list[int], *, alone: int, each: int) -> int:
    if sum(widths) <= alone:
        return 1
    parts, used = 1, 0
    for width in widths:
        if used + width > each:
            parts, used = parts + 1, 0
        used += width
    return parts
