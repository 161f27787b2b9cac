"""What takes long to count is remembered for a minute, and nothing else is."""

import pytest

from smsconsent import recalling
from smsconsent.recalling import recall


@pytest.mark.parametrize(("took", "counted"), [(0.01, [1, 2]), (0.03, [1, 1])])
def test_only_what_took_long_is_remembered(
    monkeypatch: pytest.MonkeyPatch, took: float, counted: list[int]
) -> None:
    clock, numbers = [0.0], iter([1, 2])
    monkeypatch.setattr(recalling, "perf_counter", lambda: clock[0])

    def count() -> int:
        clock[0] += took
        return next(numbers)

    assert [recall("people", 1, count=count, long=0.02) for _time in range(2)] == counted


def test_each_name_is_remembered_for_itself() -> None:
    found = [recall("people", place, count=lambda p=place: p, long=-1) for place in (1, 2)]  # type: ignore[misc]

    assert found == [1, 2]
    assert recall("people", 1, count=lambda: 3, long=-1) == 1
