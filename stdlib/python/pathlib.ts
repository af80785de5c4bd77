"""Paths as objects."""
import fnmatch
import os
import stat as _stat

__all__ = ["PurePath", "PurePosixPath", "PureWindowsPath", "Path", "PosixPath", "WindowsPath"]


class _Parents:
    """The folders above a path, as a sequence."""

    def __init__(self, path):
        self._class = type(path)
        self._root, self._parts = path._root, path._names

    def __len__(self):
        return len(self._parts)

    def __getitem__(self, index):
        if isinstance(index, slice):
            return tuple([self[i] for i in range(*index.indices(len(self)))])
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        if index < 0:
            index += len(self)
        return self._class._of(self._root, self._parts[:len(self._parts) - index - 1])

    def __repr__(self):
        return "<{}.parents>".format(self._class.__name__)


class PurePath:
    """A path that is only text."""
    __slots__ = ("_root", "_names", "_text", "__weakref__", "__dict__")

    def __new__(cls, *args):
        if cls is PurePath:
            cls = PurePosixPath
        self = object.__new__(cls)
        root, names = "", []
        for arg in args:
            if isinstance(arg, PurePath):
                r, n = arg._root, arg._names
            else:
                try:
                    text = os.fspath(arg)
                except TypeError:
                    raise TypeError("expected str, bytes or os.PathLike object, not %s" % type(arg).__name__) from None
                if not isinstance(text, str):
                    raise TypeError("argument should be a str object or an os.PathLike object returning str, not %r" % type(text))
                r = "" if not text.startswith("/") else "//" if text.startswith("//") and not text.startswith("///") else "/"
                n = [x for x in text.split("/") if x and x != "."]
            if r:
                root, names = r, list(n)
            else:
                names = names + n
        self._root, self._names = root, names
        return self

    @classmethod
    def _of(cls, root, names):
        self = object.__new__(cls)
        self._root, self._names = root, list(names)
        return self

    def __reduce__(self):
        return type(self), self.parts

    def __str__(self):
        try:
            return self._text
        except AttributeError:
            self._text = self._root + "/".join(self._names) or "."
            return self._text

    def __fspath__(self):
        return str(self)

    def __bytes__(self):
        return os.fsencode(str(self))

    def __repr__(self):
        return "{}({!r})".format(type(self).__name__, str(self))

    def as_posix(self):
        return str(self)

    def as_uri(self):
        if not self._root:
            raise ValueError("relative path can't be expressed as a file URI")
        from urllib.parse import quote
        return "file://" + quote(str(self))

    def _key(self):
        return self.parts

    def __eq__(self, other):
        if not isinstance(other, PurePath):
            return NotImplemented
        return self._root == other._root and self._names == other._names

    def __hash__(self):
        return hash((self._root, tuple(self._names)))

    def __lt__(self, other):
        return self._key() < other._key() if isinstance(other, PurePath) else NotImplemented

    def __le__(self, other):
        return self._key() <= other._key() if isinstance(other, PurePath) else NotImplemented

    def __gt__(self, other):
        return self._key() > other._key() if isinstance(other, PurePath) else NotImplemented

    def __ge__(self, other):
        return self._key() >= other._key() if isinstance(other, PurePath) else NotImplemented

    def __truediv__(self, other):
        try:
            return type(self)(self, other)
        except TypeError:
            return NotImplemented

    def __rtruediv__(self, other):
        try:
            return type(self)(other, self)
        except TypeError:
            return NotImplemented

    def joinpath(self, *others):
        return type(self)(self, *others)

    @property
    def parts(self):
        return tuple(([self._root] if self._root else []) + self._names)

    @property
    def drive(self):
        return ""

    @property
    def root(self):
        return self._root

    @property
    def anchor(self):
        return self._root

    @property
    def name(self):
        return self._names[-1] if self._names else ""

    @property
    def suffix(self):
        name = self.name
        dot = name.rfind(".")
        return name[dot:] if 0 < dot < len(name) - 1 else ""

    @property
    def suffixes(self):
        name = self.name
        if name.endswith("."):
            return []
        return ["." + s for s in name.lstrip(".").split(".")[1:]]

    @property
    def stem(self):
        name = self.name
        dot = name.rfind(".")
        return name[:dot] if 0 < dot < len(name) - 1 else name

    @property
    def parent(self):
        if not self._names:
            return self
        return type(self)._of(self._root, self._names[:-1])

    @property
    def parents(self):
        return _Parents(self)

    def _child(self, name):
        return type(self)._of(self._root, self._names + [name])

    def _named(self, name):
        return type(self)._of(self._root, self._names[:-1] + [name])

    def with_name(self, name):
        if not self.name:
            raise ValueError("%r has an empty name" % (self,))
        if not name or "/" in name or name == ".":
            raise ValueError("Invalid name %r" % (name,))
        return self._named(name)

    def with_stem(self, stem):
        return self.with_name(stem + self.suffix)

    def with_suffix(self, suffix):
        if "/" in suffix or suffix and not suffix.startswith(".") or suffix == ".":
            raise ValueError("Invalid suffix %r" % (suffix,))
        if not self.name:
            raise ValueError("%r has an empty name" % (self,))
        return self._named(self.stem + suffix if self.suffix else self.name + suffix)

    def relative_to(self, *other):
        if not other:
            raise TypeError("need at least one argument")
        base = PurePath(*other)
        n = len(base._names)
        if self._root != base._root or self._names[:n] != base._names:
            raise ValueError("{!r} is not in the subpath of {!r} OR one path is relative and the other is absolute."
                             .format(str(self), str(base)))
        return type(self)._of("", self._names[n:])

    def is_relative_to(self, *other):
        try:
            self.relative_to(*other)
            return True
        except ValueError:
            return False

    def is_absolute(self):
        return bool(self._root)

    def is_reserved(self):
        return False

    def match(self, path_pattern):
        pattern = PurePath(path_pattern)
        if not pattern.parts:
            raise ValueError("empty pattern")
        mine, wanted = self.parts, pattern.parts
        if pattern._root:
            if len(wanted) != len(mine):
                return False
        elif len(wanted) > len(mine):
            return False
        return all([fnmatch.fnmatchcase(a, b) for a, b in zip(reversed(mine), reversed(wanted))])


class PurePosixPath(PurePath):
    __slots__ = ()


class PureWindowsPath(PurePath):
    def __new__(cls, *args):
        raise NotImplementedError("pathlib.PureWindowsPath")


class Path(PurePath):
    """A path of this system's files."""
    __slots__ = ()

    def __new__(cls, *args, **kwargs):
        return PurePath.__new__(PosixPath if cls is Path else cls, *args)

    @classmethod
    def cwd(cls):
        return cls(os.getcwd())

    @classmethod
    def home(cls):
        return cls("~").expanduser()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        pass

    def stat(self, *, follow_symlinks=True):
        return os.stat(self, follow_symlinks=follow_symlinks)

    def lstat(self):
        return os.lstat(self)

    def owner(self):
        raise NotImplementedError("Path.owner")

    def open(self, mode="r", buffering=-1, encoding=None, errors=None, newline=None):
        return open(str(self), mode, buffering, encoding, errors, newline)

    def read_bytes(self):
        with self.open("rb") as f:
            return f.read()

    def read_text(self, encoding=None, errors=None):
        with self.open("r", encoding=encoding, errors=errors) as f:
            return f.read()

    def write_bytes(self, data):
        with self.open("wb") as f:
            return f.write(data)

    def write_text(self, data, encoding=None, errors=None, newline=None):
        if not isinstance(data, str):
            raise TypeError("data must be str, not %s" % data.__class__.__name__)
        with self.open("w", encoding=encoding, errors=errors, newline=newline) as f:
            return f.write(data)

    def readlink(self):
        return type(self)(os.readlink(self))

    def touch(self, mode=0o666, exist_ok=True):
        if exist_ok and self.exists():
            os.utime(self)
            return
        os.close(os.open(str(self), os.O_CREAT | os.O_WRONLY | (0 if exist_ok else os.O_EXCL), mode))

    def mkdir(self, mode=0o777, parents=False, exist_ok=False):
        try:
            os.mkdir(self, mode)
        except FileNotFoundError:
            if not parents or self.parent == self:
                raise
            self.parent.mkdir(parents=True, exist_ok=True)
            self.mkdir(mode, parents=False, exist_ok=exist_ok)
        except OSError:
            if not exist_ok or not self.is_dir():
                raise

    def chmod(self, mode, *, follow_symlinks=True):
        os.chmod(self, mode)

    def unlink(self, missing_ok=False):
        try:
            os.unlink(self)
        except FileNotFoundError:
            if not missing_ok:
                raise

    def rmdir(self):
        os.rmdir(self)

    def rename(self, target):
        os.rename(self, target)
        return type(self)(target)

    def replace(self, target):
        os.replace(self, target)
        return type(self)(target)

    def symlink_to(self, target, target_is_directory=False):
        os.symlink(target, self)

    def hardlink_to(self, target):
        os.link(target, self)

    def exists(self):
        return os.path.exists(self)

    def _mode(self, test, follow=True):
        try:
            return test(self.stat(follow_symlinks=follow).st_mode)
        except (OSError, ValueError):
            return False

    def is_dir(self):
        return self._mode(_stat.S_ISDIR)

    def is_file(self):
        return self._mode(_stat.S_ISREG)

    def is_symlink(self):
        return self._mode(_stat.S_ISLNK, False)

    def is_mount(self):
        return os.path.ismount(self)

    def is_socket(self):
        return self._mode(_stat.S_ISSOCK)

    def is_fifo(self):
        return self._mode(_stat.S_ISFIFO)

    def is_block_device(self):
        return self._mode(_stat.S_ISBLK)

    def is_char_device(self):
        return self._mode(_stat.S_ISCHR)

    def samefile(self, other_path):
        return os.path.samefile(self, other_path)

    def iterdir(self):
        for name in os.listdir(self):
            yield self / name

    def absolute(self):
        return self if self.is_absolute() else type(self)(os.getcwd(), self)

    def resolve(self, strict=False):
        return type(self)(os.path.realpath(self, strict=strict))

    def expanduser(self):
        if not self._root and self._names and self._names[0][:1] == "~":
            home = os.path.expanduser(self._names[0])
            if home[:1] == "~":
                raise RuntimeError("Could not determine home directory.")
            return type(self)(home, *self._names[1:])
        return self

    def glob(self, pattern):
        if not pattern:
            raise ValueError("Unacceptable pattern: {!r}".format(pattern))
        p = PurePath(pattern)
        if p._root:
            raise NotImplementedError("Non-relative patterns are unsupported")
        seen = set()
        for found in _select(self, p._names, pattern.endswith("/")):
            if found not in seen:
                seen.add(found)
                yield found

    def rglob(self, pattern):
        p = PurePath(pattern)
        if p._root:
            raise NotImplementedError("Non-relative patterns are unsupported")
        seen = set()
        for found in _select(self, ["**"] + p._names, False):
            if found not in seen:
                seen.add(found)
                yield found


def _entries(folder):
    try:
        return list(os.scandir(folder))
    except OSError:
        return []


def _select(folder, names, only_folders):
    if not names:
        if not only_folders or folder.is_dir():
            yield folder
        return
    name, rest = names[0], names[1:]
    if name == "**":
        yield from _select(folder, rest, True) if not rest else _select(folder, rest, only_folders)
        for e in _entries(folder):
            if e.is_dir() and not e.is_symlink():
                yield from _select(folder._child(e.name), names, only_folders)
    elif "**" in name:
        raise ValueError("Invalid pattern: '**' can only be an entire path component")
    elif any([c in name for c in "*?["]):
        for e in _entries(folder):
            if fnmatch.fnmatchcase(e.name, name) and (not rest or e.is_dir()):
                yield from _select(folder._child(e.name), rest, only_folders)
    else:
        child = folder._child(name)
        if child.is_dir() if rest else os.path.lexists(child):
            yield from _select(child, rest, only_folders)


class PosixPath(Path, PurePosixPath):
    __slots__ = ()


class WindowsPath(Path):
    def __new__(cls, *args):
        raise NotImplementedError("cannot instantiate 'WindowsPath' on your system")
