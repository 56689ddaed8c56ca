import json
import sys
from helper import f

f(json, sys)
