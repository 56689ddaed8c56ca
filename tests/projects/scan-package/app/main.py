from core import engine
from utils.text import clean
import settings
