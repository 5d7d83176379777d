"""The page of `reid serve`: drop a picture, see who in the gallery looks like it, search on."""

from pathlib import Path
from typing import Any

import gradio as gr

from reid_lightning.errors import ReIDError
from reid_lightning.inference.gallery_search import Filter, GallerySearch, Query
from reid_lightning.inference.gallery_view import empty_view, head_view, result_view
from reid_lightning.inference.search import SearchResult

_FORGET_SECONDS = 3600  # after which an open page is forgotten
_CLICK = """element.addEventListener("click", (event) => {
  const card = event.target.closest("[data-rank]");
  if (!card) return;
  element.scrollIntoView({ behavior: "smooth" });
  trigger("click", { rank: Number(card.dataset.rank) });
});"""

State = tuple[Query, SearchResult] | None
Answer = tuple[State, str]


class _Events:
    """What happens on the page; `settings` are the values of its controls."""

    def __init__(self, searched: GallerySearch) -> None:
        self.searched = searched

    def upload(self, file: str, *settings: Any) -> tuple[None, State, str]:
        """Search a picture, which is deleted when it has been embedded."""
        path = Path(file)
        try:
            query = self.searched.query_of_file(path)
        except ReIDError as error:
            return None, None, empty_view(str(error))
        finally:
            path.unlink(missing_ok=True)
        return None, *self._answer(query, *settings)

    def search_on(self, event: gr.EventData, state: State, *settings: Any) -> Answer:
        """Search a result that was clicked."""
        if state is None:
            return self.again(state, *settings)
        found = state[1].found[event.rank]
        return self._answer(self.searched.query_of_gallery(found.picture), *settings)

    def again(self, state: State, *settings: Any) -> Answer:
        """Search the same picture with other settings."""
        return (None, empty_view()) if state is None else self._answer(state[0], *settings)

    def _answer(
        self,
        query: Query,
        least: float,
        cameras: list[str],
        first: float | None,
        last: float | None,
    ) -> Answer:
        times = self.searched.times or [0]
        # All of the time is no filter, since some times may not be known; an empty field is 0.
        chosen = Filter(
            cameras,
            first if first and first > times[0] else None,
            last if last and last < times[-1] else None,
        )
        result = self.searched.search(query, chosen)
        return (query, result), result_view(self.searched, query, result, least)


def build_page(searched: GallerySearch, about: str) -> gr.Blocks:
    """The page.

    Args:
        searched: what it searches.
        about: a sentence on the gallery and the model.
    """
    events, times = _Events(searched), searched.times
    meaning = searched.calibration
    absent = meaning and meaning.absent_threshold(len(searched.gallery.pictures))
    page = gr.Blocks(
        title="Search a gallery",
        analytics_enabled=False,
        fill_width=True,
        delete_cache=(_FORGET_SECONDS, _FORGET_SECONDS),
    )
    with page:
        gr.HTML(head_view(about), elem_classes="head")
        state = gr.State(None, time_to_live=_FORGET_SECONDS)
        with gr.Row():
            with gr.Column(scale=1, min_width=260):
                upload = gr.File(label="A picture of a person", type="filepath", height=180)
                least = gr.Slider(
                    *(0, 1),
                    value=max(0.0, round(absent.similarity, 3)) if absent else 0.0,
                    step=0.001,
                    label="Threshold",
                    info="Less similar pictures are dimmed.",
                    elem_id="least",
                )
                cameras = gr.Dropdown(
                    list(searched.cameras),
                    multiselect=True,
                    label="Cameras",
                    info="None chosen: all.",
                    visible=len(searched.cameras) > 1,
                    elem_id="cameras",
                )
                with gr.Row(visible=len(times) > 1):
                    earliest, latest = (times[0], times[-1]) if times else (None, None)
                    first = gr.Number(earliest, label="From frame", min_width=90, elem_id="first")
                    last = gr.Number(latest, label="To frame", min_width=90, elem_id="last")
            with gr.Column(scale=3, min_width=320):
                shown = gr.HTML(empty_view(), elem_classes="results", js_on_load=_CLICK)
        settings, both = [least, cameras, first, last], [state, shown]
        hidden: dict[str, Any] = {"api_visibility": "private", "show_progress_on": shown}
        upload.upload(events.upload, [upload, *settings], [upload, *both], **hidden)
        shown.click(events.search_on, [state, *settings], both, **hidden)
        controls: list[Any] = settings
        gr.on(
            [control.change for control in controls],
            events.again,
            [state, *settings],
            both,
            trigger_mode="always_last",
            show_progress="hidden",
            **hidden,
        )
    return page
