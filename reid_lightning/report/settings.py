"""The settings that rows differ in, and those of a single run."""

import re
from collections.abc import Sequence
from typing import Any

from reid_lightning.report.rows import Row
from reid_lightning.report.table import NO_VALUE, Cell, Table
from reid_lightning.results.overrides import differing_keys

_SIDE_BY_SIDE = 4  # more columns of settings than these are too narrow to read
_SEED = "seed"


def compare_settings(rows: Sequence[Row]) -> Table:
    """The settings that rows differ in; of a single row, all of them.

    A column per row, of many rows a column per setting, or, of many of both, each value with the
    rows that have it. The seed, by which runs of
    one row differ, is none of them. Left out are `_target_`, `${…}` and empty values, which say
    nothing that the others do not.
    """
    settings = [_readable(row.runs[0].config, len(rows) > 1) for row in rows]
    if len({"checkpoint" in row.runs[0].config for row in rows}) > 1:
        # Trainings and evaluations: a setting of the one alone is no difference between them.
        shared = set.intersection(*(set(row.runs[0].config) for row in rows))
        settings = [{k: v for k, v in s.items() if k in shared} for s in settings]
    if len(rows) == 1:
        return Table(
            [Cell("setting", style="name"), Cell("value", style="text")],
            [[Cell(k, style="name"), Cell(v, style="text")] for k, v in settings[0].items()],
        )
    keys = differing_keys(settings)
    if len(rows) <= _SIDE_BY_SIDE:
        head = [Cell("setting", style="name"), *(Cell(row.name, style="text") for row in rows)]
        return Table(
            head,
            [
                [Cell(k, style="name"), *(Cell(s.get(k, NO_VALUE), style="text") for s in settings)]
                for k in keys
            ],
            "settings.csv",
        )
    if len(keys) <= _SIDE_BY_SIDE:
        head = [Cell("run", style="name"), *(Cell(key, style="text") for key in keys)]
        lines = [
            [Cell(row.name, style="name"), *(Cell(s.get(k, NO_VALUE), style="text") for k in keys)]
            for row, s in zip(rows, settings, strict=True)
        ]
        return Table(head, lines, "settings.csv")
    return _values_with_rows(rows, settings, keys)


def _values_with_rows(
    rows: Sequence[Row], settings: Sequence[dict[str, str]], keys: Sequence[str]
) -> Table:
    lines = []
    for key in keys:
        having: dict[str, list[str]] = {}
        for row, known in zip(rows, settings, strict=True):
            having.setdefault(known.get(key, NO_VALUE), []).append(row.name)
        for value, names in having.items():
            cells = Cell(key, style="name"), Cell(value, style="text")
            lines.append([*cells, Cell("; ".join(names), style="text")])
    titles = ("name", "setting"), ("text", "value"), ("text", "runs")
    return Table([Cell(text, style=style) for style, text in titles], lines, "settings.csv")


def _readable(config: dict[str, Any], without_seed: bool) -> dict[str, str]:
    return {
        key: str(value)
        for key, value in config.items()
        if not (
            re.search(r"(^|/)_(target|partial)_$", key)
            or "${" in str(value)
            or value in (None, [], {})
            or (without_seed and key == _SEED)
        )
    }
