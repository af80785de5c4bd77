"""Files found by patterns."""
import fnmatch
import os
import re

__all__ = ["escape", "glob", "iglob"]

_magic = re.compile("([*?[])")


def has_magic(s):
    return _magic.search(s) is not None


def escape(pathname):
    """The path with everything quoted that means something in a pattern."""
    return _magic.sub(r"[\1]", pathname)


def glob(pathname, *, root_dir=None, dir_fd=None, recursive=False, include_hidden=False):
    """The paths that match."""
    return list(iglob(pathname, root_dir=root_dir, recursive=recursive, include_hidden=include_hidden))


def iglob(pathname, *, root_dir=None, dir_fd=None, recursive=False, include_hidden=False):
    root = os.fspath(root_dir) if root_dir is not None else ""
    for name in _glob(root, pathname, recursive, False, include_hidden):
        if name:
            yield name


def _glob(root, pathname, recursive, only_folders, hidden):
    folder, base = os.path.split(pathname)
    if not has_magic(pathname):
        if base:
            if os.path.lexists(os.path.join(root, pathname)):
                yield pathname
        elif os.path.isdir(os.path.join(root, folder)):
            yield pathname
        return
    if folder and folder != pathname and has_magic(folder):
        folders = _glob(root, folder, recursive, True, hidden)
    else:
        folders = [folder]
    for f in folders:
        if recursive and base == "**":
            names = _below(os.path.join(root, f), only_folders, hidden)
        elif has_magic(base):
            names = _names(os.path.join(root, f), only_folders)
            if not hidden and not base.startswith("."):
                names = [n for n in names if not n.startswith(".")]
            names = fnmatch.filter(names, base)
        else:
            whole = os.path.join(root, f, base)
            names = [base] if (os.path.isdir(whole) if base == "" else os.path.lexists(whole)) else []
        for name in names:
            yield os.path.join(f, name)


def _names(folder, only_folders):
    try:
        with os.scandir(folder or ".") as entries:
            return [e.name for e in entries if not only_folders or e.is_dir()]
    except OSError:
        return []


def _below(folder, only_folders, hidden):
    if not folder or os.path.isdir(folder):
        yield ""
    yield from _tree(folder, only_folders, hidden)


def _tree(folder, only_folders, hidden):
    for name in _names(folder, only_folders):
        if hidden or not name.startswith("."):
            yield name
            path = os.path.join(folder, name) if folder else name
            for below in _tree(path, only_folders, hidden):
                yield os.path.join(name, below)
