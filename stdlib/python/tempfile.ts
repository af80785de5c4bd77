"""Temporary files and folders."""
import errno
import io as _io
import os
import random as _random
import shutil as _shutil

__all__ = ["NamedTemporaryFile", "TemporaryFile", "SpooledTemporaryFile", "TemporaryDirectory", "mkstemp", "mkdtemp",
           "mktemp", "TMP_MAX", "gettempprefix", "tempdir", "gettempdir", "gettempdirb", "gettempprefixb"]

TMP_MAX = 10000
template = "tmp"
tempdir = None
_names = None


def gettempdir():
    """The folder for temporary files."""
    global tempdir
    if tempdir is None:
        for name in [os.environ.get(v) for v in ("TMPDIR", "TEMP", "TMP")] + ["/tmp", "/var/tmp", "/usr/tmp", os.getcwd()]:
            if name and os.path.isdir(name) and os.access(name, os.W_OK):
                tempdir = os.path.abspath(name)
                break
        else:
            raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found")
    return tempdir


def gettempdirb():
    return os.fsencode(gettempdir())


def gettempprefix():
    return template


def gettempprefixb():
    return template.encode()


def _new_name(suffix, prefix, dir):
    global _names
    if _names is None:
        _names = _random.Random()
    middle = "".join(_names.choices("abcdefghijklmnopqrstuvwxyz0123456789_", k=8))
    return os.path.join(dir, prefix + middle + suffix)


def _create(make, suffix, prefix, dir):
    suffix = suffix or ""
    prefix = template if prefix is None else prefix
    dir = os.path.abspath(gettempdir() if dir is None else dir)
    for _ in range(TMP_MAX):
        name = _new_name(suffix, prefix, dir)
        try:
            return make(name), name
        except FileExistsError:
            continue
    raise FileExistsError(errno.EEXIST, "No usable temporary file name found")


def mkstemp(suffix=None, prefix=None, dir=None, text=False):
    """A new file: (descriptor, path)."""
    return _create(lambda name: os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), suffix, prefix, dir)


def mkdtemp(suffix=None, prefix=None, dir=None):
    """The path of a new folder."""
    return _create(lambda name: os.mkdir(name, 0o700), suffix, prefix, dir)[1]


def mktemp(suffix="", prefix=template, dir=None):
    dir = gettempdir() if dir is None else dir
    while True:
        name = _new_name(suffix, prefix, dir)
        if not os.path.lexists(name):
            return name


class _TemporaryFileWrapper:
    """A file that is removed when it is closed."""

    def __init__(self, file, name, delete=True):
        self.file = file
        self.name = name
        self.delete = delete
        self._gone = False

    def __getattr__(self, name):
        return getattr(self.__dict__["file"], name)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def __iter__(self):
        for line in self.file:
            yield line

    def close(self):
        self.file.close()
        if self.delete and not self._gone:
            self._gone = True
            os.unlink(self.name)

    def __del__(self):
        try:
            self.close()
        except Exception:
            pass


def NamedTemporaryFile(mode="w+b", buffering=-1, encoding=None, newline=None, suffix=None, prefix=None, dir=None,
                       delete=True, *, errors=None):
    """A new file with a name, removed when it is closed."""
    fd, name = mkstemp(suffix, prefix, dir)
    os.close(fd)
    file = open(name, mode, buffering, encoding, errors, newline)
    return _TemporaryFileWrapper(file, name, delete)


def TemporaryFile(mode="w+b", buffering=-1, encoding=None, newline=None, suffix=None, prefix=None, dir=None, *,
                  errors=None):
    """A new file that nobody else can open."""
    fd, name = mkstemp(suffix, prefix, dir)
    os.close(fd)
    file = open(name, mode, buffering, encoding, errors, newline)
    os.unlink(name)
    return file


class SpooledTemporaryFile:
    """A file in memory that moves to the disk when it gets large."""

    def __init__(self, max_size=0, mode="w+b", buffering=-1, encoding=None, newline=None, suffix=None, prefix=None,
                 dir=None, *, errors=None):
        self._file = _io.BytesIO() if "b" in mode else _io.StringIO()
        self._max_size = max_size
        self._rolled = False
        self._arguments = (mode, buffering, encoding, newline, suffix, prefix, dir)

    def rollover(self):
        if self._rolled:
            return
        old, place = self._file, self._file.tell()
        self._file = TemporaryFile(*self._arguments)
        self._file.write(old.getvalue())
        self._file.seek(place)
        self._rolled = True

    def write(self, data):
        n = self._file.write(data)
        if self._max_size and not self._rolled and self._file.tell() > self._max_size:
            self.rollover()
        return n

    def __getattr__(self, name):
        return getattr(self.__dict__["_file"], name)

    def __iter__(self):
        return iter(self._file)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self._file.close()


class TemporaryDirectory:
    """A new folder that is removed with everything in it at the end of a with statement."""

    def __init__(self, suffix=None, prefix=None, dir=None, ignore_cleanup_errors=False):
        self.name = mkdtemp(suffix, prefix, dir)
        self._ignore = ignore_cleanup_errors
        self._gone = False

    def __repr__(self):
        return "<{} {!r}>".format(self.__class__.__name__, self.name)

    def __enter__(self):
        return self.name

    def __exit__(self, *exc):
        self.cleanup()

    def cleanup(self):
        if not self._gone:
            self._gone = True
            if os.path.exists(self.name):
                _shutil.rmtree(self.name, ignore_errors=self._ignore)

    def __del__(self):
        try:
            self.cleanup()
        except Exception:
            pass
