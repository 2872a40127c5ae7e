"""Reads a file as a program would that was given it, and prints the names and values as JSON."""

import csv
import io
import json
import sys


def dotenv(path):
    from dotenv import dotenv_values

    return dict(dotenv_values(path, interpolate=False))


def docker(path):
    from docker.utils import parse_env_file

    return parse_env_file(path)


def yaml(path):
    import yaml

    with open(path, encoding="utf-8", newline="") as file:
        return yaml.safe_load(file) or {}


def k8s_secret(path):
    manifest = yaml(path)
    assert (manifest["apiVersion"], manifest["kind"]) == ("v1", "Secret"), manifest
    return manifest["stringData"]


def compose_config(path):
    environment = yaml(path)["services"]["reader"]["environment"]
    # `config` writes what Compose would read again: a dollar is doubled.
    return {name: value.replace("$$", "$") for name, value in environment.items()}


def toml(path):
    import tomllib

    with open(path, "rb") as file:
        return tomllib.load(file)


def csv_rows(path):
    with open(path, encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(io.StringIO(file.read(), newline=""))
    assert header == ["Key", "Value"], header
    return dict(rows)


READERS = {
    "python-dotenv": dotenv,
    "docker": docker,
    "yaml": yaml,
    "k8s-secret": k8s_secret,
    "compose-config": compose_config,
    "toml": toml,
    "csv": csv_rows,
}

csv.field_size_limit(1 << 24)
print(json.dumps(READERS[sys.argv[1]](sys.argv[2])))
