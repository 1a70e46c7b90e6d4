"""The version: the same as pyproject.toml's and the newest heading of CHANGELOG.md, by test."""

VERSION = "0.1.0"
