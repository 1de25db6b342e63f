"""The settings of a sandbox: one table, from which the command line, the environment and the documentation derive."""

from traits_sandbox.settings.model import Settings
from traits_sandbox.settings.options import options
from traits_sandbox.settings.table import SETTINGS, Setting

__all__ = ["SETTINGS", "Setting", "Settings", "options"]
