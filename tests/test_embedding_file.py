from pathlib import Path

import torch

from reid_lightning.embedding_file import embedding_file, mapped


def files(folder: Path) -> list[Path]:
    made = [folder / name for name in ("model.ckpt", "a.jpg", "b.jpg")]
    for path in made:
        path.write_text(path.name)
    return made


def test_what_the_numbers_depend_on_is_in_the_name(tmp_path: Path) -> None:
    checkpoint, a, b = files(tmp_path)

    def name(*pictures: Path, size: tuple[int, int] = (8, 4), how: str = "32") -> Path:
        return embedding_file(tmp_path, checkpoint, pictures, size=size, how=how)

    first = name(a, b)
    assert name(a, b) == first
    others = {name(b, a), name(a), name(a, b, size=(4, 8)), name(a, b, how="32 flip")}
    assert len(others | {first}) == 5
    a.write_text("another picture")
    assert name(a, b) != first
    files(tmp_path)
    checkpoint.write_text("other weights")
    assert name(a, b) != first


def test_rows_are_read_back(tmp_path: Path) -> None:
    file = tmp_path / "x.embeddings"
    written = mapped(file, 3, 2, shared=True)
    written[[2, 0]] = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    read = mapped(file, 3, 2, shared=False)
    assert read.tolist() == [[3.0, 4.0], [0.0, 0.0], [1.0, 2.0]]
    read[0] = 9  # a reader's changes are its own
    assert mapped(file, 3, 2, shared=False)[0].tolist() == [3.0, 4.0]
