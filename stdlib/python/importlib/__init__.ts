"""Importing by name."""
import sys


def import_module(name, package=None):
    """The module of a dotted name; a name with leading dots is relative to package."""
    if name.startswith("."):
        if not package:
            raise TypeError("the 'package' argument is required to perform a relative import for {!r}".format(name))
        level = len(name) - len(name.lstrip("."))
        base = package.rsplit(".", level - 1)[0] if level > 1 else package
        name = base + "." + name[level:] if name[level:] else base
    __import__(name)
    return sys.modules[name]


def reload(module):
    raise NotImplementedError("importlib.reload")
