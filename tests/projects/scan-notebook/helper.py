import yaml


def load():
    return yaml
