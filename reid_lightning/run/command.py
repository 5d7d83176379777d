"""The command `reid`: train a model, score it, use it, hand it on, report and compare."""

import sys
from importlib import import_module

from reid_lightning import __version__
from reid_lightning.process import exit_at_signals, keep_streams, share_cores

_COMMANDS = {
    "train": (
        "reid_lightning.run.train",
        "train a model and score it: reid train loss=semihard data=market1501",
    ),
    "evaluate": (
        "reid_lightning.run.evaluate",
        "score a checkpoint on any set: reid evaluate checkpoint=FILE data=market1501",
    ),
    "data": (
        "reid_lightning.run.data",
        "tell what a set holds, without training: reid data data=market1501",
    ),
    "embed": (
        "reid_lightning.run.embed",
        "embed pictures into a file: reid embed checkpoint=RUN pictures=FOLDER out=FILE.parquet",
    ),
    "search": (
        "reid_lightning.run.search",
        "search pictures in a gallery: reid search checkpoint=RUN query=who.jpg gallery=FOLDER",
    ),
    "verify": (
        "reid_lightning.run.verify",
        "whether two pictures show the same person: reid verify a.jpg b.jpg checkpoint=RUN",
    ),
    "card": (
        "reid_lightning.run.card",
        "a checkpoint as a folder to hand on, with a README: reid card checkpoint=RUN out=FOLDER",
    ),
    "serve": (
        "reid_lightning.run.serve",
        "a page to search a gallery with pictures: reid serve checkpoint=RUN gallery=FOLDER",
    ),
    "export": (
        "reid_lightning.run.export",
        "write a model as a file for other programs: reid export checkpoint=RUN format=onnx",
    ),
    "report": (
        "reid_lightning.report.__main__",
        "write one page about runs and sweeps: reid report RUN_OR_SWEEP…",
    ),
    "compare": (
        "reid_lightning.comparison.__main__",
        "whether two checkpoints or settings differ: reid compare RUN RUN",
    ),
}


def main() -> None:
    """Run the command that was typed."""
    keep_streams()
    share_cores()
    name, *arguments = sys.argv[1:] or ["--help"]
    if name in ("-h", "--help"):
        print(_help())
    elif name == "--version":
        print(f"reid-lightning {__version__}")
    elif name in _COMMANDS:
        with exit_at_signals():  # imports take seconds
            module = import_module(_COMMANDS[name][0])
        module.main(arguments)
    else:
        sys.exit(f"Error: reid has no command {name}: use one of {', '.join(_COMMANDS)}.")


def _help() -> str:
    width = max(map(len, _COMMANDS))
    lines = [f"  {name:<{width}}  {text}" for name, (_, text) in _COMMANDS.items()]
    return "\n".join(
        ["usage: reid COMMAND ARGUMENTS", "", *lines, "", "reid COMMAND --help says more."]
    )
