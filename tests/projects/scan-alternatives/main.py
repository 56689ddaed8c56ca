from typing import TYPE_CHECKING

try:
    import ujson as json
except ImportError:
    import json

try:
    import tomllib
except ModuleNotFoundError:
    import tomli as tomllib

try:
    from yaml import CSafeLoader as Loader
except ImportError:
    from yaml import SafeLoader as Loader

try:
    import torch
except ImportError:
    torch = None

try:
    import requests
except ImportError:
    import subprocess
    import sys

    subprocess.check_call([sys.executable, "-m", "pip", "install", "requests"])
    import requests

if TYPE_CHECKING:
    import pandas
