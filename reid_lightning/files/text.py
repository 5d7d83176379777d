"""JSON, YAML and CSV files, which may come from strangers: plain values of a bounded size."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from reid_lightning.errors import ReIDError
from reid_lightning.files.kinds import content_kind, not_a_file

# Far more than a run leaves: a configuration has 10 kB.
_MOST_JSON, _MOST_YAML, _MOST_CSV = 2**20, 2**18, 2**26  # bytes
_MOST_TEXT = 2**30
_MOST_NESTED = 50
_MOST_DIGITS = 100


def read_json(path: Path) -> Any:
    """The content of a JSON file.

    Raises:
        ReIDError: the file cannot be read, is damaged, or is larger than any that a run leaves.
    """
    return _parsed(path, json.loads, _MOST_JSON)


def read_yaml(path: Path) -> Any:
    """The content of a YAML file, of plain values alone.

    Raises:
        ReIDError: as `read_json`, or it has aliases, with which a few lines describe gigabytes.
    """
    return _parsed(path, lambda text: yaml.load(text, Loader=_PlainLoader), _MOST_YAML)


def read_csv(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file, each by the names of its head.

    A last row without its line's end, as a kill leaves it, is left out.

    Raises:
        ReIDError: as `read_json`, or another row has more or fewer cells than the head.
    """

    def parse(text: str) -> list[dict[str, str]]:
        # Not by splitlines, which ends a line at characters that a cell may hold.
        lines = io.StringIO(text[: text.rfind("\n") + 1])
        rows = list(csv.DictReader(lines, strict=True))
        for number, row in enumerate(rows, start=1):
            if None in row or None in row.values():
                raise ValueError(f"row {number} has other cells than the head")
        return rows

    rows: list[dict[str, str]] = _parsed(path, parse, _MOST_CSV)
    return rows


def read_text(path: Path) -> str:
    """The content of a text file (UTF-8, with or without a byte order mark).

    Raises:
        ReIDError: the file cannot be read, is no text, or is larger than 1 GiB.
    """
    text: str = _parsed(path, lambda text: text.removeprefix("\ufeff"), _MOST_TEXT)
    return text


class _PlainLoader(yaml.SafeLoader):
    """Refuses aliases, deep nesting and endless numbers, none of which a run's files have."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("it has an alias (*), which no file of a run has")
        if self.depth == _MOST_NESTED:
            raise RecursionError
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        match node:
            case yaml.ScalarNode(tag=tag, value=digits) if tag.endswith(":int"):
                if len(digits) > _MOST_DIGITS:
                    raise yaml.YAMLError("it has a number of very many digits")
        return node


def _parsed(path: Path, parse: Callable[[str], Any], most_bytes: int) -> Any:
    reason = not_a_file(path)
    if reason is None:
        try:
            if path.stat().st_size <= most_bytes:
                return parse(path.read_text(encoding="utf-8"))
            reason = f"it is larger than {most_bytes / 2**20:g} MiB"
        except RecursionError:
            reason = "it is nested too deeply"
        except OSError as error:
            reason = str(error)
        except UnicodeDecodeError as error:
            reason = content_kind(path) or (
                f"byte {error.start:,} is no UTF-8, in which text files are read: save it as UTF-8"
            )
        except Exception as error:  # parsers raise almost anything on a wrong file
            clear = isinstance(error, (ValueError, yaml.YAMLError, csv.Error))
            text = " ".join(str(error).partition(";")[0].split())[:200]
            reason = content_kind(path) or (text if clear else "its content makes no sense")
    raise ReIDError(f"{path} is damaged, or cannot be read: {reason.rstrip('.')}.")
