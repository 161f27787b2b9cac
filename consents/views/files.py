"""Files to take along: JSON that people can read as well, and CSV that Norwegian spreadsheets open."""

import csv
from collections.abc import Iterable
from io import StringIO
from typing import Any

from django.http import HttpResponse, JsonResponse


def json_file(content: Any, name: str) -> HttpResponse:
    """Return a JSON file: indented, with æ, ø and å as they are."""
    options = {"ensure_ascii": False, "indent": 2}
    return _as_download(JsonResponse(content, json_dumps_params=options), name)


def csv_file(rows: Iterable[Iterable[str]], name: str) -> HttpResponse:
    """Return a CSV file. Its cells must be harmless already: `sheets.harmless`."""
    table = StringIO()
    csv.writer(table, delimiter=";").writerows(rows)
    content = table.getvalue().encode("utf-8-sig")
    return _as_download(HttpResponse(content, content_type="text/csv; charset=utf-8"), name)


def _as_download(response: HttpResponse, name: str) -> HttpResponse:
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
