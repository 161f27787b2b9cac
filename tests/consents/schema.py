"""A checker for the words of JSON Schema that docs/receipt.schema.json uses. An unknown word is an error."""

import re
from collections.abc import Iterator
from typing import Any

KINDS = {"object": dict, "array": list, "string": str, "integer": int}
WORDS = {
    "$schema", "title", "type", "required", "properties", "additionalProperties", "const", "enum", "pattern",
    "items", "minItems",
}  # fmt: skip


def faults(value: Any, schema: dict[str, Any], at: str = "$") -> list[str]:
    """Return where a value departs from the schema; nothing when it fits."""
    assert schema.keys() <= WORDS
    if "type" in schema and not isinstance(value, KINDS[schema["type"]]):
        return [f"{at} is no {schema['type']}"]
    found = list(_of_value(value, schema, at))
    if isinstance(value, list):
        found += _of_list(value, schema, at)
    if isinstance(value, dict):
        found += _of_object(value, schema, at)
    return found


def _of_value(value: Any, schema: dict[str, Any], at: str) -> Iterator[str]:
    if "const" in schema and value != schema["const"]:
        yield f"{at} is not {schema['const']}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at} is none of {schema['enum']}"
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{at} does not fit {schema['pattern']}"


def _of_list(value: list[Any], schema: dict[str, Any], at: str) -> Iterator[str]:
    if len(value) < schema.get("minItems", 0):
        yield f"{at} is too short"
    for number, item in enumerate(value):
        yield from faults(item, schema.get("items", {}), f"{at}[{number}]")


def _of_object(value: dict[str, Any], schema: dict[str, Any], at: str) -> Iterator[str]:
    properties = schema.get("properties", {})
    yield from (
        f"{at}.{name} is missing" for name in schema.get("required", []) if name not in value
    )
    if schema.get("additionalProperties") is False:
        yield from (f"{at}.{name} is unknown" for name in value.keys() - properties.keys())
    for name in value.keys() & properties.keys():
        yield from faults(value[name], properties[name], f"{at}.{name}")
