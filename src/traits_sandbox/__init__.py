"""Unofficial local sandbox emulator and conformance kit for the 12traits ingestion API."""

from typing import Final

__version__: Final = "0.1.0"
