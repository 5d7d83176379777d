"""The command `data`: what a set holds, without training; a contact sheet; the set as another."""

import sys
from collections.abc import Sequence
from pathlib import Path

from omegaconf import DictConfig

from reid_lightning.data.dataset_folder import DatasetFolder
from reid_lightning.data.pictures import Unreadable
from reid_lightning.data.set_facts import picture_sizes, set_facts
from reid_lightning.data.writers import write_market1501, write_table
from reid_lightning.errors import ReIDError
from reid_lightning.files import replaced_atomically
from reid_lightning.report.figures.contact_sheet import contact_sheet
from reid_lightning.results.tables import camera_table, facts_table
from reid_lightning.run.build import build_datamodule
from reid_lightning.run.command_line import run_command
from reid_lightning.run.config_keys import check_data_config
from reid_lightning.run.help import asks_for_help, help_text
from reid_lightning.run.hydra_app import run_hydra_app
from reid_lightning.run.python_path import import_users_modules
from reid_lightning.run.split_counts import log_split_counts
from reid_lightning.run.user_errors import report_errors

_MOST_CAMERAS = 50  # that are listed one by one
_SHEETS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command with `arguments`, by default those that were typed."""
    typed = sys.argv[1:] if arguments is None else arguments
    if asks_for_help(typed):
        run_command(lambda: print(help_text("data", typed)), resumable=False)
    else:
        run_command(lambda: run_hydra_app(job, "data", typed), resumable=False)


def job(config: DictConfig) -> None:
    """Print what the set holds, then write what is asked for."""
    with report_errors(resumable=False):  # before Hydra prints its own lines
        import_users_modules()
        check_data_config(config)
        sheet = config.sheet and Path(config.sheet)
        if sheet and sheet.suffix.lower() not in _SHEETS:
            raise ReIDError(f"sheet={sheet} is no picture: name one of {', '.join(_SHEETS)}.")
        folder = build_datamodule(config.data).folder
        _print_facts(folder)
        _write(folder, sheet, config.export, config.export_to)


def _print_facts(folder: DatasetFolder) -> None:
    official = folder.official
    samples = (*official.train, *official.query, *official.gallery)
    sizes = picture_sizes([s.picture for s in samples])
    unreadable = {p: size for p, size in sizes.items() if isinstance(size, Unreadable)}
    log_split_counts(folder, unreadable)
    facts = set_facts(official, sizes)
    print(f"\n{facts_table(facts)}")
    if 0 < len({name for fact in facts.values() for name in fact.per_camera}) <= _MOST_CAMERAS:
        print(f"\n{camera_table(facts)}")
    print()
    for path in official.not_read:
        print(f"Not read, no picture: {path}")
    for path, reason in dict.fromkeys(unreadable.values()):
        print(f"Cannot be read: {path} ({reason})")


def _write(folder: DatasetFolder, sheet: Path | None, export: str | None, to: str | None) -> None:
    if sheet:
        sheet.parent.mkdir(parents=True, exist_ok=True)
        with replaced_atomically(sheet) as partial:
            contact_sheet(folder.official).save(partial, _SHEETS[sheet.suffix.lower()])
        print(f"Contact sheet: {sheet}")
    if export == "market1501":
        target = Path(to or f"{folder.name}-market1501")
        write_market1501(folder.official, target)
        print(f"The set in Market-1501's layout: {target} (data=market1501 data.root={target})")
    elif export == "table":
        target = Path(to or f"{folder.name}.csv")
        write_table(folder.official, target)
        print(f"The set as a table: {target} (data=table data.table={target})")
