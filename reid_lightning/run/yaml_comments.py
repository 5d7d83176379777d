"""The comments of YAML files, by the keys that they stand beside."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import yaml

KeyPath = tuple[str, ...]  # from the top


class _Key(NamedTuple):
    path: KeyPath
    line: int
    column: int  # where its value ends, or the key itself where the value begins below


def read_comments(text: str) -> dict[KeyPath, str]:
    """The comment at the end of each key's line, without its #."""
    lines, comments = text.splitlines(), {}
    for path, line, column in _keys(text):
        before, mark, comment = lines[line][column:].partition("#")
        if mark and before.strip(" ,}]:") == "":
            comments[path] = comment.strip()
    return comments


def with_comments(text: str, comments: Mapping[KeyPath, str]) -> str:
    """YAML with a comment at the end of the lines of those keys that have one."""
    lines = text.splitlines()
    for path, line, _ in _keys(text):
        if path in comments:
            lines[line] += f"  # {comments[path]}"
    return "\n".join(lines)


def first_comment(text: str) -> str:
    """The file's first comment, which says when to choose it."""
    comments = (line[1:].strip() for line in text.splitlines() if line.startswith("#"))
    return next((c for c in comments if not c.startswith("@package")), "")


def _keys(text: str) -> Iterator[_Key]:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if isinstance(root, yaml.MappingNode):
        yield from _keys_of(root, ())


def _keys_of(node: yaml.MappingNode, above: KeyPath) -> Iterator[_Key]:
    for key, value in node.value:
        path = (*above, str(key.value))
        begins_below = value.start_mark.line > key.end_mark.line
        end = key.end_mark if begins_below else value.end_mark
        if end.line == key.end_mark.line:  # else the line ends within a text
            yield _Key(path, end.line, end.column)
        if isinstance(value, yaml.MappingNode):
            yield from _keys_of(value, path)
