"""The bar that long work shows."""

import os
import sys

from tqdm.auto import tqdm
from tqdm.notebook import tqdm as notebook_tqdm


def progress_bar(total: int, label: str, *, unit: str = "step") -> tqdm:
    """A bar on a terminal or in a notebook; nothing in a log file, nor where TQDM_DISABLE is set (a built page)."""
    shown = not os.environ.get("TQDM_DISABLE") and (issubclass(tqdm, notebook_tqdm) or sys.stderr.isatty())
    return tqdm(total=total, desc=label, disable=not shown, unit=unit, leave=False)
