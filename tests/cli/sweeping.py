# SPDX-License-Identifier: MIT
"""tests/support/sweep-program as a module, `sweep`: its name has no .py at its end."""
import importlib.machinery
import importlib.util
import pathlib
import sys


def load(path):
    loader = importlib.machinery.SourceFileLoader(path.stem, str(path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(path.stem, loader))
    loader.exec_module(module)
    return module


sys.dont_write_bytecode = True
sweep = load(pathlib.Path(__file__).parents[1] / "support" / "sweep-program")
