"""Fixtures every test may use."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def root():
    """The repository's root folder, from which the scripts are run."""
    return ROOT


@pytest.fixture(scope="session")
def data():
    """The optional folder of real test data; tests that need it are skipped without it."""
    folder = Path(os.environ.get("ACTION_DATA", ROOT / "../shared/data")).resolve()
    if not folder.is_dir():
        pytest.skip(f"no test data at {folder} (set ACTION_DATA)")
    return folder
