"""Reading files of strangers without running code from them, and writing files atomically."""

from reid_lightning.files.atomic import named_in_errors, partial_path, replaced_atomically
from reid_lightning.files.checksum import add_checksum, is_intact
from reid_lightning.files.kinds import content_kind, is_zip, not_a_file
from reid_lightning.files.pytorch import load_file, save_file
from reid_lightning.files.safetensors import load_tensors, save_tensors
from reid_lightning.files.text import read_csv, read_json, read_text, read_yaml

__all__ = [
    "add_checksum",
    "content_kind",
    "is_intact",
    "is_zip",
    "load_file",
    "load_tensors",
    "named_in_errors",
    "not_a_file",
    "partial_path",
    "read_csv",
    "read_json",
    "read_text",
    "read_yaml",
    "replaced_atomically",
    "save_file",
    "save_tensors",
]
