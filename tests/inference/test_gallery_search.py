"""A gallery that a page searches, and what the page says of the results."""

from html import unescape
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_model import tiny_model

from reid_lightning import ReIDError
from reid_lightning.data.pictures import Picture
from reid_lightning.inference.calibration import Calibration, MatchThreshold
from reid_lightning.inference.embedding_table import EmbeddingTable, FileVersion, MadeBy
from reid_lightning.inference.gallery_search import Filter, GallerySearch
from reid_lightning.inference.gallery_view import empty_view, head_view, result_view
from reid_lightning.inference.picture_list import ListedPicture

EVIL = "{{x}} ${y} `z` <b onclick='w'>.png"


@pytest.fixture
def searched(tmp_path: Path) -> GallerySearch:
    """Thirty pictures of noise by three cameras; every second has a time."""
    model, pictures = tiny_model(), []
    noise = torch.randint(0, 256, (30, 32, 16, 3), generator=torch.Generator().manual_seed(0))
    for n, pixels in enumerate(noise):
        path = tmp_path / (EVIL if n == 7 else f"{n}.png")
        Image.fromarray(pixels.numpy().astype(np.uint8)).save(path)
        time = 10 * n if n % 2 else None
        pictures.append(ListedPicture(Picture(path), f"p{n}", f"c{n % 3}", time))
    embeddings = model([p.picture for p in pictures]).numpy()
    made_by = MadeBy(model.digest, 32, 16, False, "float32")
    gallery = EmbeddingTable(pictures, [FileVersion(1, 1)] * 30, embeddings, made_by)
    return GallerySearch(model, gallery, None, "train with data.val_identities=100", 5)


def calibration(similarity: float, largest: int = 1000) -> Calibration:
    counts = (50, 300, 3, 700, 40_000)
    absent = 0.1, [1, largest], [similarity, similarity]
    threshold = MatchThreshold(0.5, 0.4, 0.6, 0.8)
    return Calibration("tiny", 32, 16, "drawn", *counts, -4.0, 8.0, threshold, None, *absent)


def rows(searched: GallerySearch, chosen: Filter, query: np.ndarray, own: int | None) -> list[int]:
    """By a plain loop, the nearest first."""
    found = []
    for row, (picture, embedding) in enumerate(
        zip(searched.gallery.pictures, searched.gallery.embeddings, strict=True)
    ):
        time = picture.time
        in_time = (chosen.first is None or (time is not None and time >= chosen.first)) and (
            chosen.last is None or (time is not None and time <= chosen.last)
        )
        if row != own and in_time and (not chosen.cameras or picture.camid in chosen.cameras):
            found.append((-float(embedding.astype(float) @ query[0].astype(float)), row))
    return [row for _, row in sorted(found)][:5]


@pytest.mark.parametrize(
    "chosen",
    [
        Filter(),
        Filter(cameras=["c1"]),
        Filter(cameras=["c0", "c2"], first=100),
        Filter(last=50),
        Filter(first=50, last=90),
        Filter(cameras=["c1"], first=290),
    ],
)
def test_it_finds_the_nearest_that_a_filter_takes(chosen: Filter, searched: GallerySearch) -> None:
    assert searched.cameras == ["c0", "c1", "c2"] and searched.times[0] == 10
    index = {p.picture: row for row, p in enumerate(searched.gallery.pictures)}
    outside = searched.query_of_file(searched.gallery.pictures[4].picture.path)
    inside = searched.query_of_gallery(searched.gallery.pictures[4])
    for query in (outside, inside):  # a picture does not find itself
        found = [index[f.picture.picture] for f in searched.search(query, chosen).found]
        assert found == rows(searched, chosen, query.embedding, 4)
    np.testing.assert_allclose(outside.embedding, inside.embedding, atol=1e-6)


def test_a_file_that_is_no_picture_is_a_sentence(searched: GallerySearch, tmp_path: Path) -> None:
    (tmp_path / "notes.jpg").write_text("words")
    message = r"^notes.jpg cannot be read as a picture: cannot identify image file 'notes.jpg'\.$"
    with pytest.raises(ReIDError, match=message):
        searched.query_of_file(tmp_path / "notes.jpg")


def test_the_verdict_is_the_calibrations(searched: GallerySearch) -> None:
    query = searched.query_of_gallery(searched.gallery.pictures[0])

    def view(meaning: Calibration | None, chosen: Filter = Filter(), least: float = 0.0) -> str:  # noqa: B008
        searched.calibration = meaning
        return unescape(result_view(searched, query, searched.search(query, chosen), least))

    without = view(None)
    assert "Not calibrated" in without and "train with data.val_identities=100" in without
    assert "%" not in without and without.count('class="card "') == 5
    assert "Probably in the gallery" in (text := view(calibration(-1.0)))
    assert "above -1.000, which the best results of 10%" in text and "* At even odds" in text
    assert "Perhaps not in the gallery" in view(calibration(1.0005))
    assert "50 people held out tell it of galleries of 20 pictures" in view(calibration(0, 20))
    assert "gallery of 10 pictures, 6 a person, reach" in view(
        calibration(0.0), Filter(cameras=["c1"])
    )
    assert "No picture of the gallery is by these" in view(calibration(0.0), Filter(first=999))
    similarities = [f.similarity for f in searched.search(query).found]
    dimmed = view(calibration(0.0), least=(similarities[1] + similarities[2]) / 2)
    assert dimmed.count('class="card below"') == 3 and "2 of the 5 nearest" in dimmed


def test_names_are_text(searched: GallerySearch) -> None:
    """Also for Gradio, which fills in `{{…}}` and `${…}`."""
    query = searched.query_of_gallery(searched.gallery.pictures[7])
    shown = result_view(searched, query, searched.search(query), 0)
    for html in (shown, head_view(EVIL), empty_view(EVIL)):
        assert EVIL in unescape(html) and "<b onclick" not in html
        assert not {*"{}$`"} & {*html}


def test_a_picture_that_is_gone_says_so(searched: GallerySearch) -> None:
    query = searched.query_of_gallery(searched.gallery.pictures[0])
    result = searched.search(query)
    result.found[0].picture.picture.path.unlink()
    assert "not shown: there is no such file" in result_view(searched, query, result, 0)
