"""The results of a search, as a table on the screen, a CSV file and a page with the pictures."""

import base64
import csv
import io
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from tabulate import tabulate

from reid_lightning.data.pictures import Unreadable, try_decode
from reid_lightning.files import replaced_atomically
from reid_lightning.inference.picture_list import ListedPicture
from reid_lightning.inference.search import SearchResult

_TEMPLATE = Path(__file__).with_name("search.html")
_HEIGHT = 160  # of a picture on the page, in pixels
_MOST_SHOWN = 100  # queries on the page: with ten results each, some 4 MB
_HEAD = (
    *("query", "query_pid", "query_camid", "rank"),
    *("path", "similarity", "pid", "camid", "time", "box", "threshold"),
)


def result_table(results: Sequence[SearchResult], most: int = 10) -> str:
    """The results of the first queries, in plain text."""
    parts = []
    for result in results[:most]:
        rows = [
            [rank, f"{found.similarity:.3f}", *_labels(found.picture), found.picture.picture.path]
            for rank, found in enumerate(result.found, start=1)
        ]
        head = ["rank", "similarity", "pid", "camid", "picture"]
        table = tabulate(rows, head, disable_numparse=True)
        parts.append(
            "\n".join(filter(None, [str(result.query.picture.path), table, verdict(result)]))
        )
    if len(results) > most:
        parts.append(f"… and the results of {len(results) - most:,} more pictures.")
    return "\n\n".join(parts)


def write_csv(results: Sequence[SearchResult], path: Path) -> None:
    """Write a row for each result.

    Raises:
        OSError: it cannot be written.
    """
    with replaced_atomically(path) as partial, partial.open("w", encoding="utf-8", newline="") as f:
        writer = csv.writer(f, lineterminator="\n")
        writer.writerow(_HEAD)
        for query, found, threshold in results:
            limit = "" if threshold is None else f"{threshold.similarity:.6f}"
            for rank, (picture, similarity) in enumerate(found, start=1):
                box = "" if picture.picture.box is None else list(picture.picture.box)
                writer.writerow(
                    [
                        *(query.picture.path, query.pid, query.camid, rank),
                        *(picture.picture.path, f"{similarity:.6f}"),
                        *(picture.pid, picture.camid, picture.time, box, limit),
                    ]
                )


def write_page(results: Sequence[SearchResult], path: Path, about: str) -> None:
    """Write one page with the pictures in it, of the first queries if there are many.

    Args:
        results: in the order of the page.
        path: of the page.
        about: a sentence on the gallery and the model.

    Raises:
        OSError: it cannot be written.
    """
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    template = environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
    sections = [
        {
            "query": shown_picture(result.query),
            "verdict": verdict(result),
            "found": [
                {"rank": rank, "similarity": f"{similarity:.3f}"} | shown_picture(picture)
                for rank, (picture, similarity) in enumerate(result.found, start=1)
            ],
        }
        for result in results[:_MOST_SHOWN]
    ]
    html = template.render(about=about, sections=sections, shown=len(sections), count=len(results))
    with replaced_atomically(path) as partial:
        # Names of files may hold halves of characters, which UTF-8 has no code for.
        partial.write_text(html, encoding="utf-8", errors="backslashreplace")


def verdict(result: SearchResult) -> str:
    """Whether somebody who is not in the gallery would have a result as good; empty: not known."""
    if result.threshold is None or not result.found:
        return ""
    best = max(found.similarity for found in result.found)
    side = "above" if best >= result.threshold.similarity else "below"
    advice = "" if side == "above" else ": this person may not be in it"
    return f"The best result, {best:.3f}, is {side} {result.threshold}{advice}."


def _labels(picture: ListedPicture) -> list[str]:
    return [picture.pid or "", picture.camid or ""]


def shown_picture(listed: ListedPicture) -> dict[str, str | None]:
    """A picture's URL, or why there is none, and what is known of it."""
    pid, camid = _labels(listed)
    known = " · ".join(
        text for text in (pid and f"person {pid}", camid and f"camera {camid}") if text
    )
    shown: dict[str, str | None] = {
        "path": str(listed.picture.path),
        "name": listed.picture.path.name,
        "known": known,
    }
    picture = try_decode(listed.picture)
    if isinstance(picture, Unreadable):
        return shown | {"url": None, "reason": picture.reason}
    picture.thumbnail((2 * _HEIGHT, _HEIGHT))
    jpeg = io.BytesIO()
    picture.save(jpeg, "JPEG", quality=85)
    url = f"data:image/jpeg;base64,{base64.b64encode(jpeg.getvalue()).decode()}"
    return shown | {"url": url, "reason": ""}
