"""What pyproject.toml cannot say: a wheel has conf/ as reid_lightning/conf."""

import shutil
from pathlib import Path

from setuptools import find_packages, setup

# Files that have been removed since an earlier build would be in this one.
shutil.rmtree(Path(__file__).parent / "build" / "lib", ignore_errors=True)

setup(
    packages=[*find_packages(include=["reid_lightning*"]), "reid_lightning.conf"],
    package_dir={"reid_lightning.conf": "conf"},
    package_data={
        "reid_lightning": [
            f"{room}/*.{kind}"
            for room in ("report", "inference")
            for kind in ("html", "css", "js", "md")
        ],
        "reid_lightning.conf": ["**/*.yaml"],
    },
)
