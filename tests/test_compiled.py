"""Compiled functions work where no folder takes their cache, and on a full disk."""

from pathlib import Path

import pytest
from full_disk import limited_files
from numba.core.caching import CompileResultCacheImpl

from reid_lightning.compiled import compiled


def test_without_a_folder_for_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CompileResultCacheImpl, "_locator_classes", [])
    assert compiled(lambda x: x + 1)(2) == 3


def test_on_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("numba.config.CACHE_DIR", str(tmp_path))

    def add_one(x: int) -> int:
        return x + 1

    with limited_files(10):
        assert compiled(add_one)(2) == 3
    assert not list(tmp_path.rglob("*.nbc"))
    assert compiled(add_one)(2) == 3 and list(tmp_path.rglob("*.nbc"))
