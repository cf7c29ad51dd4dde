"""Fixtures: the packaged template, as in the tests of infra."""

from tests.infra.conftest import template

__all__ = ["template"]
