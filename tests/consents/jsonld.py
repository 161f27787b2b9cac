"""Expansion of JSON-LD 1.1 (§ 5.1 of its algorithms), as far as a receipt needs it, without a network.

Fails where a processor would drop something in silence: a term without meaning, a relative IRI, a value
of the wrong type.
"""

import re
from typing import Any

_ABSOLUTE = re.compile(r"[a-z][a-z0-9+.-]*:[^\s<>\"{}|\\^`]+", re.IGNORECASE)
_LITERALS = {"dateTime": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")}
XSD = "http://www.w3.org/2001/XMLSchema#"


class NoMeaning(Exception):
    """Something that no processor could make sense of."""


def expand(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with absolute IRIs for every term, type and reference. Raises NoMeaning."""
    context = document["@context"]
    if not isinstance(context, dict) or context.get("@version") != 1.1:
        raise NoMeaning("the context must stand in the file, and name its version")
    terms = {name: value for name, value in context.items() if not name.startswith("@")}
    for name in terms:
        iri(name, terms)
    return _node({name: value for name, value in document.items() if name != "@context"}, terms)


def iri(text: str, terms: dict[str, Any], *, seen: tuple[str, ...] = ()) -> str:
    """Return the absolute IRI of a term, a compact IRI or an IRI."""
    if text in seen:
        raise NoMeaning(f"{text} is defined by itself")
    if text in terms:
        defined = terms[text]
        target = defined if isinstance(defined, str) else defined["@id"]
        return iri(target, terms, seen=(*seen, text))
    prefix, colon, rest = text.partition(":")
    if colon and prefix in terms and not rest.startswith("//"):
        base = terms[prefix]
        # JSON-LD 1.1: only a simple term that ends like this may be a prefix.
        if not isinstance(base, str) or base[-1] not in "/#:?[]@":
            raise NoMeaning(f"{prefix} is no prefix")
        return base + rest
    if not _ABSOLUTE.fullmatch(text):
        raise NoMeaning(f"{text} is no IRI and no term")
    return text


def _node(content: dict[str, Any], terms: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in content.items():
        if name == "@id":
            found["@id"] = iri(value, terms)
        elif name == "@type":
            found["@type"] = [iri(value, terms)]
        else:
            values = value if isinstance(value, list) else [value]
            definition = terms.get(name, {})
            kind = definition.get("@type") if isinstance(definition, dict) else None
            expanded = [_value(each, kind, terms) for each in values]
            found.setdefault(iri(name, terms), []).extend(expanded)
    return found


def _value(value: Any, kind: str | None, terms: dict[str, Any]) -> dict[str, Any]:
    if kind == "@json":
        return {"@value": value, "@type": "@json"}
    if isinstance(value, dict):
        return _node(value, terms)
    if kind in {"@vocab", "@id"}:
        return {"@id": iri(value, terms if kind == "@vocab" else {})}
    if kind is None:
        return {"@value": value}
    datatype = iri(kind, terms)
    form = _LITERALS.get(datatype.removeprefix(XSD))
    if form is not None and not form.fullmatch(value):
        raise NoMeaning(f"{value!r} is no {datatype}")
    return {"@value": value, "@type": datatype}
