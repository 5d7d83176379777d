"""What a report has a row, a colour and a section for: the runs of one experiment."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from reid_lightning.results.runs import Run


class Row(NamedTuple):
    """Runs that differ by nothing but their seed.

    `number` counts the rows from 0 in the order in which they were read: it is the row's colour in
    all figures.
    """

    name: str
    number: int
    runs: list[Run]

    @property
    def scored(self) -> list[Run]:
        """The runs that have scores."""
        return [run for run in self.runs if run.results]

    def values(self, key: str) -> list[float]:
        """A score of every run that has it, as a fraction."""
        return [v for run in self.scored if (v := run.results.get(key)) is not None]

    def shared(self, of: Callable[[Run], Any]) -> Any:
        """What is the same in all scored runs; None where it differs."""
        values = [of(run) for run in self.scored]
        return values[0] if values and all(value == values[0] for value in values) else None


def rows_of(runs: Sequence[Run]) -> list[Row]:
    """The rows of a report."""
    groups: dict[str, list[Run]] = {}
    for run in runs:
        groups.setdefault(run.group, []).append(run)
    return [Row(name, number, group) for number, (name, group) in enumerate(groups.items())]
