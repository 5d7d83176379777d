"""Draw the synthetic set: pedestrians in the Market-1501 layout, without any download."""

import json
import math
import tempfile
from io import BytesIO
from pathlib import Path
from typing import Annotated

from annotated_types import Ge

from reid_lightning.bars import with_bar
from reid_lightning.data.synthetic.camera import CAMERAS
from reid_lightning.data.synthetic.person import dress
from reid_lightning.data.synthetic.picture import draw_crop
from reid_lightning.data.synthetic.plan import (
    JUNK,
    LOOK,
    PICTURE,
    SCENE,
    STRANGERS,
    VISIT,
    generator,
    names,
    plan_shots,
)
from reid_lightning.data.synthetic.scene import paint_scene
from reid_lightning.errors import ReIDError
from reid_lightning.files import named_in_errors, read_json
from reid_lightning.signatures import Natural, checked

VERSION = 2  # of the drawn pixels: a folder of another version is refused
RECORD = "synthetic.json"

Identities = Annotated[int, Ge(2)]


@checked("data.draw")
def draw_synthetic(
    root: Path,
    *,
    train_identities: Identities = 120,
    test_identities: Identities = 80,
    seed: Natural = 0,
) -> Path:
    """Draw the synthetic set into `root` and return `root`.

    The folders `bounding_box_train`, `query` and `bounding_box_test` contain 64 × 128 JPEG crops;
    the same arguments give the same bytes. The set is drawn beside `root` and renamed at the end:
    an interrupted drawing leaves no `root`, and if two processes draw the same set, the first to
    finish wins. A finished set with the same arguments is not drawn again.

    Args:
        root: the folder to draw into; it must be missing, empty, or contain the same set.
        train_identities: labelled people in `bounding_box_train`, at least 2.
        test_identities: labelled people in `query` and `bounding_box_test`, at least 2.
        seed: any integer from 0.

    Raises:
        ReIDError: an argument is out of range, or `root` contains something else.
    """
    _check(train_identities + test_identities)
    root = Path(root).resolve()
    parameters = {
        "version": VERSION,
        "train_identities": train_identities,
        "test_identities": test_identities,
        "seed": seed,
    }
    if _holds(root, parameters):
        return root
    root.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{root.name}-", dir=root.parent) as scratch:
        drawing = Path(scratch) / root.name
        drawing.mkdir()
        with named_in_errors(root):
            _draw(drawing, train_identities, test_identities, seed)
            record = json.dumps(parameters, indent=2) + "\n"
            (drawing / RECORD).write_text(record, encoding="utf-8")
        try:
            drawing.rename(root)
        except OSError:
            # Another process may have drawn the same set first.
            if not _holds(root, parameters):
                raise
    return root


def _check(people: int) -> None:
    if people >= STRANGERS:
        raise ReIDError(
            f"A Market-1501 file name has four digits for the pid, so that the synthetic set can "
            f"have at most {STRANGERS - 1} identities, got {people}; lower train_identities or "
            f"test_identities."
        )


def _holds(root: Path, parameters: dict[str, int]) -> bool:
    """Whether `root` contains the set with these parameters; a ReIDError for any other content."""
    if not root.exists() or (root.is_dir() and not any(root.iterdir())):
        return False
    record = root / RECORD
    if not record.is_file():
        raise ReIDError(
            f"{root} is not a synthetic set (it has no {RECORD}) and is not empty; choose another "
            f"folder or remove it."
        )
    if (recorded := read_json(record)) != parameters:
        raise ReIDError(
            f"{root} contains a synthetic set with {recorded}, not with {parameters}; choose "
            f"another folder or remove it."
        )
    return True


def _draw(root: Path, train_identities: int, test_identities: int, seed: int) -> None:
    scenes = [
        paint_scene(camera.site, generator(seed, SCENE, c)) for c, camera in enumerate(CAMERAS)
    ]
    for folder in ("bounding_box_train", "query", "bounding_box_test"):
        (root / folder).mkdir()
    shots = plan_shots(train_identities, test_identities, seed)
    named = zip(shots, names(shots), strict=True)
    for shot, name in with_bar(named, len(shots), "drawing the synthetic set"):
        camera, person = CAMERAS[shot.camera], dress(generator(seed, LOOK, shot.person))
        # A person crosses a camera's view in one direction, the same in all pictures of a visit.
        visit = generator(seed, VISIT, shot.person, shot.camera)
        yaw = camera.site.path + math.pi * visit.integers(2) + visit.normal(0, 0.35)
        rng = generator(seed, PICTURE, shot.person, shot.camera, shot.index)
        crop = draw_crop(
            person,
            camera,
            scenes[shot.camera],
            yaw=yaw + rng.normal(0, 0.15),
            rng=rng,
            junk=shot.pid == JUNK,
        )
        jpeg = BytesIO()  # into a file that the disk cuts short Pillow would write without an error
        crop.save(jpeg, "JPEG", quality=camera.lens.quality)
        (root / shot.folder / name).write_bytes(jpeg.getvalue())
