"""A report, as a language model would write it."""

import json
import os

import cv2
import MySQLdb
import numpy as np
import pandas as pd
import serial
import yaml
from bs4 import BeautifulSoup
from Crypto.Cipher import AES
from dotenv import load_dotenv
from google.cloud import bigquery, storage
from PIL import Image
from sklearn.linear_model import LinearRegression

print(pd.DataFrame({"x": np.arange(3)}))
