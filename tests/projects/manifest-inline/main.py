# /// script
# requires-python = ">=3.11"
# dependencies = ["rich>=13"]
# ///
import flask
