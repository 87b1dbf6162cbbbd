"""setuptools, with the compiler for a wheel, whose contracts `setup.py` compiles, but not for a clone."""

from typing import Any

from setuptools import build_meta
from setuptools.build_meta import *  # noqa: F403

COMPILER = ["vyper==0.4.3", "snekmate==0.1.2"]


def get_requires_for_build_wheel(config_settings: dict[str, Any] | None = None) -> list[str]:
    """What a wheel is built with."""
    return [*build_meta.get_requires_for_build_wheel(config_settings), *COMPILER]
