"""The GPU's kernels, where there is no GPU: interpreted on the CPU, and compiled for one."""

import importlib
import sys
from types import ModuleType

import numpy as np
import pytest
import torch

from reid_lightning.data.augmentation import jitter

triton = pytest.importorskip("triton")
NAME = "reid_lightning.data.augmentation.jitter_triton"


def loaded(monkeypatch: pytest.MonkeyPatch, interpret: bool) -> ModuleType:
    """The kernels, as the environment says when they are first imported."""
    monkeypatch.setenv("TRITON_INTERPRET", str(int(interpret)))
    monkeypatch.delitem(sys.modules, NAME, raising=False)
    module = importlib.import_module(NAME)
    monkeypatch.delitem(sys.modules, NAME)
    return module


@pytest.mark.parametrize("strengths", [(0.2, 0.15, 0.1, 0.05), (10, 1, 0.5, 0.5), (0, 1, 0, 0.1)])
def test_the_pixels_are_the_cpus(
    strengths: tuple[float, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(0)
    pictures = torch.from_numpy(random.integers(0, 256, (48, 29, 7, 3), dtype=np.uint8))
    pictures[:, :9] = pictures[:, :9] // 128 * 255  # full colours, and two that share the maximum
    pictures[:, 9:12] = pictures[:, 9:12, :, :1]  # greys
    uniforms = random.random((48, jitter.JITTER_COLUMNS))
    expected = jitter.color_jitter(pictures, uniforms, strengths)
    module = loaded(monkeypatch, interpret=True)
    monkeypatch.setattr(module, "_PIXELS_PER_PROGRAM", 128)  # and several programs a picture
    monkeypatch.setattr(jitter, "jitter_numba", module.jitter_triton)
    assert torch.equal(jitter.color_jitter(pictures, uniforms, strengths), expected)


def test_no_multiplication_is_fused_with_an_addition(monkeypatch: pytest.MonkeyPatch) -> None:
    compiler = pytest.importorskip("triton.compiler")
    target = pytest.importorskip("triton.backends.compiler").GPUTarget("cuda", 80, 32)
    module = loaded(monkeypatch, interpret=False)
    types = dict.fromkeys(("grey", "table", "means"), "*fp32") | {"pixels": "i32"}
    types |= dict.fromkeys(("pictures", "result"), "*u8")
    types |= dict.fromkeys(("UNTIL_CONTRAST", "BLOCK"), "constexpr")
    source = compiler.ASTSource(
        module._jitter, types, {"UNTIL_CONTRAST": False, "BLOCK": module._PIXELS_PER_PROGRAM}
    )
    kernel = triton.compile(source, target=target, options={"enable_fp_fusion": False})
    assert "fma." not in kernel.asm["ptx"] and "div.rn.f32" in kernel.asm["ptx"]


def test_where_triton_cannot_compile_it_is_said_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, NAME, None)
    jitter._jitter_by_triton.cache_clear()
    for _ in range(2):
        assert jitter._jitter_on(torch.device("cuda", 0)) is jitter.jitter_torch
    jitter._jitter_by_triton.cache_clear()
    (message,) = caplog.messages
    assert "Triton cannot compile it" in message and "C compiler" in message


@pytest.mark.gpu
def test_a_gpu_gives_the_cpus_pixels() -> None:
    random = np.random.default_rng(0)
    pictures = torch.from_numpy(random.integers(0, 256, (64, 128, 64, 3), dtype=np.uint8))
    uniforms, strengths = random.random((64, jitter.JITTER_COLUMNS)), (0.4, 0.3, 0.2, 0.1)
    expected = jitter.color_jitter(pictures, uniforms, strengths)
    result = jitter.color_jitter(pictures.cuda(), uniforms, strengths).cpu()
    difference = (result.int() - expected.int()).abs()  # of the sums of the contrasts' means alone
    assert difference.max() <= 1 and (difference > 0).float().mean() < 1e-4
