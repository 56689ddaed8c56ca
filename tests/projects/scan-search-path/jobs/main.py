import importlib.util
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "shared"))
sys.path.append(str(Path(__file__).resolve().parent / "vendored"))

import common
import inner

if TYPE_CHECKING:
    import numpy

if importlib.util.find_spec("tqdm"):
    import tqdm

plugin = importlib.import_module("markdown")
