"""What other frameworks call what stands behind a backbone: theirs → an embedder's names."""

from collections.abc import Iterator, Mapping

_NORM = ("weight", "bias", "running_mean", "running_var")
_POOL = {"heads.pool_layer.p": "pool.p"}

# Of an embedder, whatever the network has of it: what a file has in addition should be seen.
OWN = {name: name for name in ("pool.p", "embedding.weight", "embedding.0.weight")}


def _neck(theirs: str) -> dict[str, str]:
    return {f"{theirs}.{part}": f"neck.{part}" for part in _NORM}


# The folder of the backbone's names, and the names of the head. fast-reid's bottleneck may begin
# with a 1×1 convolution: a layout whose names are not in the file has fewer of them there.
_FRAMEWORKS = (
    ("backbone.", _POOL | _neck("heads.bottleneck.0")),
    (
        "backbone.",
        _POOL | {"heads.bottleneck.0.weight": "embedding.weight"} | _neck("heads.bottleneck.1"),
    ),
    ("base.", _neck("bottleneck")),  # of Luo et al. 2019, and its many descendants
)


def with_heads(backbone: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The layouts of whole networks of fast-reid and of the bag of tricks.

    Args:
        backbone: what a file may call the backbone's tensors → the embedder's names.
    """
    for folder, head in _FRAMEWORKS:
        yield {folder + theirs: own for theirs, own in backbone.items()} | head


def is_classifier(name: str) -> bool:
    """Whether an embedder's tensor is of a classifier: of other people, however many they are."""
    return name.startswith(("classifier.", "part_classifiers."))
