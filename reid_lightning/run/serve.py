"""The command `serve`: a page on this machine that a gallery is searched with."""

import logging
import os
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from annotated_types import Ge, Le
from typing_extensions import Unpack

from reid_lightning.errors import ReIDError
from reid_lightning.inference.calibration import Calibration
from reid_lightning.inference.gallery_search import GallerySearch
from reid_lightning.inference.gallery_view import CSS
from reid_lightning.run.find_calibration import find_calibration
from reid_lightning.run.function_command import run_function
from reid_lightning.run.load_gallery import load_gallery
from reid_lightning.run.load_model import load_model
from reid_lightning.run.model_source import ModelSource
from reid_lightning.signatures import Count, FilePath, checked

log = logging.getLogger(__name__)

Port = Annotated[int, Ge(1), Le(65535)]
_HOST = "127.0.0.1"
_LARGEST_UPLOAD = "20mb"


@checked("serve")
def serve(
    *,
    gallery: FilePath | list[FilePath],
    port: Port = 7860,
    k: Count = 24,
    cache: FilePath | None = None,
    batch_size: Count | None = None,
    calibration: FilePath | None = None,
    **source: Unpack[ModelSource],
) -> None:
    """A page to search a gallery with pictures: `reid serve checkpoint=RUN gallery=FOLDER`.

    It is for this machine alone (127.0.0.1), asks nothing of any other, and keeps nothing of what
    is dropped on it. Ctrl-C ends it.

    Args:
        gallery: as of `reid search`: pictures, or a file that `reid embed` has written.
        port: of the page.
        k: how many pictures to find.
        cache, batch_size, calibration: as of `reid search`.

    Raises:
        ReIDError: something is wrong that the user can correct.
    """
    with page_served(
        gallery=gallery,
        port=port,
        k=k,
        cache=cache,
        batch_size=batch_size,
        calibration=calibration,
        **source,
    ) as address:
        log.info("The page: %s (Ctrl-C ends it)", address)
        threading.Event().wait()


@contextmanager
def page_served(
    *,
    gallery: str | Path | Sequence[str | Path],
    port: int,
    k: int,
    cache: str | Path | None = None,
    batch_size: int | None = None,
    calibration: str | Path | None = None,
    **source: Unpack[ModelSource],
) -> Iterator[str]:
    """The address of the page, which there is until the block ends; see `serve`."""
    model = load_model(**source)
    meaning = find_calibration(model, source.get("checkpoint"), calibration)
    embedded = load_gallery(model, gallery, cache=cache, batch_size=batch_size)
    known = meaning if isinstance(meaning, Calibration) else None
    reason = "" if isinstance(meaning, Calibration) else meaning.reason
    searched = GallerySearch(model, embedded, known, reason, k)
    cameras = f", {len(searched.cameras)} cameras" if searched.cameras else ""
    about = (
        f"{len(embedded.pictures):,} pictures{cameras} · pictures are embedded at {model.height} × "
        f"{model.width} · nothing that is dropped here is kept"
    )
    with _temporary_files():
        # Imported here: Gradio is an extra, and slow to import.
        import gradio as gr

        from reid_lightning.inference.gallery_page import build_page

        page = build_page(searched, about)
        try:
            page.launch(
                server_name=_HOST,
                server_port=port,
                share=False,
                quiet=True,
                prevent_thread_lock=True,
                max_file_size=_LARGEST_UPLOAD,
                footer_links=[],
                ssr_mode=False,
                enable_monitoring=False,
                run_history=False,
                theme=gr.themes.Default(
                    primary_hue="blue", font=["system-ui", "sans-serif"], font_mono=["monospace"]
                ),
                css=CSS,
            )
        except OSError as error:
            raise ReIDError(f"Port {port} of {_HOST} is not free: name another, port=….") from error
        try:
            yield f"http://{_HOST}:{port}/"
        finally:
            page.close(verbose=False)


@contextmanager
def _temporary_files() -> Iterator[None]:
    """A folder for Gradio's files, such as uploads, which is removed when the block ends."""
    with tempfile.TemporaryDirectory(prefix="reid-serve-") as folder:
        os.environ["GRADIO_TEMP_DIR"] = folder
        try:
            yield
        finally:
            del os.environ["GRADIO_TEMP_DIR"]


def main(arguments: Sequence[str]) -> None:
    """Run the command."""
    # Gradio asks its own page whether it is there, which is logged as a request.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    run_function("serve", serve, arguments)
