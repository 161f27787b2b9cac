"""Finding the entries of a word list in a row of words. Pure, and linear in the row."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

Entry = tuple[str, ...]


def phrases_in(row: Sequence[str], entries: frozenset[Entry]) -> Iterator[tuple[int, int]]:
    """Yield where an entry stands in the row: first word, and the one after its last."""
    sizes = _sizes_of(entries)
    for start, word in enumerate(row):
        for size in sizes.get(word, ()):
            end = start + size
            if end <= len(row) and tuple(row[start:end]) in entries:
                yield start, end


# The lists themselves, and those of a few organisations.
@lru_cache(maxsize=64)
def _sizes_of(entries: frozenset[Entry]) -> Mapping[str, Sequence[int]]:
    """Return for each first word of an entry how many words such entries have: few words are one."""
    sizes: dict[str, set[int]] = {}
    for entry in entries:
        sizes.setdefault(entry[0], set()).add(len(entry))
    return {word: sorted(found) for word, found in sizes.items()}
