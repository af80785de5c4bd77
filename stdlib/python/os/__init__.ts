"""The operating system: files, folders, environment, processes."""
import _os
import os.path as path
from _os import (_exit, abort, access, chdir, chmod, close, cpu_count, fork, fspath, fsync, ftruncate, getcwd, getpid,
                 getppid, getuid, kill, link, memfd_create, mkdir, nice, open, pipe, pread, putenv, pwrite,
                 read, readlink, rename, rmdir, set_blocking, strerror, symlink, system, times, truncate, umask,
                 unlink, unsetenv, urandom, waitpid, waitstatus_to_exitcode, write)
from _record import Record
from abc import ABC, abstractmethod

error = OSError
remove = unlink
replace = rename
WNOHANG = 1


class PathLike(ABC):
    """Objects that stand for a path: they have __fspath__."""

    @abstractmethod
    def __fspath__(self):
        raise NotImplementedError

    @classmethod
    def __subclasshook__(cls, subclass):
        return hasattr(subclass, "__fspath__") if cls is PathLike else NotImplemented


class stat_result(Record):
    _names = ("st_mode", "st_ino", "st_dev", "st_nlink", "st_uid", "st_gid", "st_size", "st_atime", "st_mtime", "st_ctime")

    def __repr__(self):
        return "os." + super().__repr__()


class terminal_size(Record):
    _names = ("columns", "lines")

    def __repr__(self):
        return "os." + super().__repr__()


class uname_result(Record):
    _names = ("sysname", "nodename", "release", "version", "machine")


def stat(path, *, follow_symlinks=True):
    return stat_result(_os.stat(path, follow_symlinks))


def lstat(path):
    return stat_result(_os.stat(path, False))


def fstat(fd):
    return stat_result(_os.stat(fd))


def uname():
    return uname_result(_os.uname())


def get_terminal_size(fd=1):
    return terminal_size(_os.terminal_size(fd))


def utime(path, times=None):
    if times is None:
        import time
        times = (time.time(), time.time())
    _os.utime(path, times[0], times[1])


def listdir(path="."):
    return [name for name, _ in _os.entries(path)]


class DirEntry:
    """An entry of scandir()."""

    def __init__(self, folder, name, kind):
        self.name = name
        self.path = path.join(folder, name)
        self._kind = kind

    def __fspath__(self):
        return self.path

    def __repr__(self):
        return f"<DirEntry {self.name!r}>"

    def is_dir(self, *, follow_symlinks=True):
        return self._kind == "d" or self._kind in "l?" and follow_symlinks and path.isdir(self.path)

    def is_file(self, *, follow_symlinks=True):
        return self._kind == "f" or self._kind in "l?" and follow_symlinks and path.isfile(self.path)

    def is_symlink(self):
        return self._kind == "l"

    def stat(self, *, follow_symlinks=True):
        return stat(self.path, follow_symlinks=follow_symlinks)


class _Scan:
    def __init__(self, folder):
        self._entries = iter([DirEntry(fspath(folder), name, kind) for name, kind in _os.entries(folder)])

    def __iter__(self):
        return self._entries

    def __next__(self):
        return next(self._entries)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        return None

    def close(self):
        pass


def scandir(path="."):
    return _Scan(path)


name = "posix"
curdir, pardir, sep, extsep, altsep, pathsep, linesep, devnull = ".", "..", "/", ".", None, ":", "\n", "/dev/null"
SEEK_SET, SEEK_CUR, SEEK_END = 0, 1, 2
F_OK, R_OK, W_OK, X_OK = 0, 4, 2, 1
O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_TRUNC, O_APPEND = 0, 1, 2, 0o100, 0o200, 0o1000, 0o2000


class _Environ:
    """os.environ: changes go to the process's environment."""

    def __init__(self, data):
        self._data = data

    def _check(self, value):
        if not isinstance(value, str):
            raise TypeError("str expected, not %s" % type(value).__name__)
        return value

    def __getitem__(self, key):
        return self._data[self._check(key)]

    def __setitem__(self, key, value):
        putenv(self._check(key), self._check(value))
        self._data[key] = value

    def __delitem__(self, key):
        del self._data[key]
        unsetenv(key)

    def __iter__(self):
        return iter(list(self._data))

    def __len__(self):
        return len(self._data)

    def __contains__(self, key):
        return key in self._data

    def __repr__(self):
        return "environ({" + ", ".join(f"{k!r}: {v!r}" for k, v in self._data.items()) + "})"

    def get(self, key, default=None):
        return self._data.get(key, default)

    def keys(self):
        return self._data.keys()

    def values(self):
        return self._data.values()

    def items(self):
        return self._data.items()

    def copy(self):
        return dict(self._data)

    def setdefault(self, key, value):
        if key not in self:
            self[key] = value
        return self[key]

    def pop(self, key, *default):
        value = self._data.pop(key, *default)
        unsetenv(key)
        return value

    def update(self, other=(), /, **kwargs):
        pairs = other.items() if hasattr(other, "items") else other
        for key, value in pairs:
            self[key] = value
        for key, value in kwargs.items():
            self[key] = value

    def popitem(self):
        key = next(iter(self._data), None)
        if key is None:
            raise KeyError("popitem(): dictionary is empty")
        return key, self.pop(key)

    def clear(self):
        for key in list(self._data):
            del self[key]

    def __eq__(self, other):
        return self._data == (other._data if isinstance(other, _Environ) else other)

    def __or__(self, other):
        return {**self._data, **other}

    def __ror__(self, other):
        return {**other, **self._data}

    def __ior__(self, other):
        self.update(other)
        return self


environ = _Environ(_os.environ())


def getenv(key, default=None):
    return environ.get(key, default)


def makedirs(name, mode=0o777, exist_ok=False):
    """mkdir with all folders above."""
    head, tail = path.split(name)
    if not tail:
        head, tail = path.split(head)
    if head and tail and not path.exists(head):
        try:
            makedirs(head, exist_ok=exist_ok)
        except FileExistsError:
            pass
        if tail == ".":
            return
    try:
        mkdir(name, mode)
    except OSError:
        if not exist_ok or not path.isdir(name):
            raise


def removedirs(name):
    rmdir(name)
    head, tail = path.split(name)
    if not tail:
        head, tail = path.split(head)
    while head and tail:
        try:
            rmdir(head)
        except OSError:
            break
        head, tail = path.split(head)


def renames(old, new):
    head, tail = path.split(new)
    if head and tail and not path.exists(head):
        makedirs(head)
    rename(old, new)


def walk(top, topdown=True, onerror=None, followlinks=False):
    """(folder, folder names, file names) of a tree."""
    top = fspath(top)
    dirs, files = [], []
    try:
        names = listdir(top)
    except OSError as error:
        if onerror is not None:
            onerror(error)
        return
    for name in names:
        (dirs if path.isdir(path.join(top, name)) else files).append(name)
    if topdown:
        yield top, dirs, files
    for name in dirs:
        below = path.join(top, name)
        if followlinks or not path.islink(below):
            yield from walk(below, topdown, onerror, followlinks)
    if not topdown:
        yield top, dirs, files


def fsencode(filename):
    filename = fspath(filename)
    return filename.encode() if isinstance(filename, str) else filename


def fsdecode(filename):
    filename = fspath(filename)
    return filename.decode() if isinstance(filename, bytes) else filename


def __getattr__(name):
    import os._more
    if name.startswith("__") or not hasattr(os._more, name):
        raise AttributeError(f"module 'os' has no attribute {name!r}")
    return getattr(os._more, name)
