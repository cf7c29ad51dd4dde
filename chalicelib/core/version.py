"""The version of stint. ``pyproject.toml`` has it too, but is not deployed."""

VERSION = "0.3.0"
