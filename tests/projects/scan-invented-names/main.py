import reqeusts
import huggingface_hubb
import my_company_sdk
import utils
from google.cloud import storag
import numpy
