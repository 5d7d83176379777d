"""What each network costs: parameters, GMACs, embedding size, and images embedded per second.

    python -m benchmarks.networks --rounds 3
    python -m benchmarks.networks "model=osnet model.width=0.5"

Networks with random weights embed the same batch of 32 pictures of 256×128 in memory, in eval mode,
in float32 and with channels last, as evaluate.py does it. They alternate, and each has its best
round; the ratio is to the default network in the same run. Decoding and loading are left out.
"""

import argparse
import time

import torch
from hydra.utils import instantiate
from tabulate import tabulate

from benchmarks.sides import compose
from reid_lightning.models import Embedder
from reid_lightning.models.cost import network_cost
from reid_lightning.models.layout import channels_last, images_channels_last

SIZE, BATCH = (256, 128), 32
DEFAULT = "model=mobilenet_v2"
NETWORKS = (
    "model=mobilenet_v2 model.parts=2",
    "model=osnet",
    "model=resnet50",
    "model=timm model.name=mobilenetv4_conv_small",
    "model=timm model.name=repvit_m0_9",
    "model=timm model.name=fastvit_t8",
    "model=timm model.name=swin_tiny_patch4_window7_224",
)


def build(overrides: str) -> Embedder:
    """A network with random weights, ready to embed."""
    config = compose("unused", *SIZE, *overrides.split(), "model.weights=none")
    model: Embedder = instantiate(config.model, num_classes=751)
    return channels_last(model).eval()


def seconds(model: Embedder, images: torch.Tensor) -> float:
    """The time to embed one batch."""
    started = time.perf_counter()
    model(images)
    return time.perf_counter() - started


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("networks", nargs="*", default=NETWORKS, help="the overrides of each")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    models = {overrides: build(overrides) for overrides in (DEFAULT, *options.networks)}
    images = images_channels_last(torch.randn(BATCH, 3, *SIZE))
    best = dict.fromkeys(models, float("inf"))
    with torch.inference_mode():
        for model in models.values():
            model(images)  # memory is allocated before the clock starts
        for _ in range(options.rounds):
            for overrides, model in models.items():
                best[overrides] = min(best[overrides], seconds(model, images))
    rows = []
    for overrides, model in models.items():
        parameters, gmacs, size = network_cost(model, *SIZE, torch.device("cpu"))
        speed, ratio = BATCH / best[overrides], best[DEFAULT] / best[overrides]
        rows.append([overrides, f"{parameters:,}", gmacs, size, speed, ratio])
    threads = torch.get_num_threads()
    print(f"torch {torch.__version__}, {threads} threads, batches of {BATCH} at 256 × 128")
    headers = ["network", "parameters", "GMACs", "embedding", "images/s", "ratio"]
    print(tabulate(rows, headers, floatfmt=("", "", ".3f", "", ".1f", ".2f")))


if __name__ == "__main__":
    main()
