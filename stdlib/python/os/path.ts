"""Path names (POSIX)."""
import _os
from _os import fspath

curdir, pardir, extsep, sep, pathsep, defpath, altsep, devnull = ".", "..", ".", "/", ":", "/bin:/usr/bin", None, "/dev/null"
supports_unicode_filenames = True


def normcase(s):
    return fspath(s)


def isabs(s):
    return fspath(s).startswith("/")


def join(a, *p):
    path = fspath(a)
    for b in map(fspath, p):
        if not isinstance(b, type(path)):
            raise TypeError("Can't mix strings and bytes in path components")
        if b.startswith("/"):
            path = b
        elif not path or path.endswith("/"):
            path += b
        else:
            path += "/" + b
    return path


def split(p):
    p = fspath(p)
    i = p.rfind("/") + 1
    head, tail = p[:i], p[i:]
    if head and head != "/" * len(head):
        head = head.rstrip("/")
    return head, tail


def splitext(p):
    p = fspath(p)
    slash = p.rfind("/")
    dot = p.rfind(".")
    if dot > slash:
        i = slash + 1
        while i < dot:  # leading dots are part of the name
            if p[i] != ".":
                return p[:dot], p[dot:]
            i += 1
    return p, p[:0]


def splitdrive(p):
    p = fspath(p)
    return p[:0], p


def basename(p):
    p = fspath(p)
    return p[p.rfind("/") + 1:]


def dirname(p):
    return split(p)[0]


_MODE, _INO, _DEV, _SIZE, _ATIME, _MTIME, _CTIME = 0, 1, 2, 6, 7, 8, 9  # places in _os.stat's tuple


def _stat(path, follow=True):
    try:
        return _os.stat(path, follow)
    except (OSError, ValueError):
        return None


def exists(path):
    return _stat(path) is not None


def lexists(path):
    return _stat(path, False) is not None


def _kind(path, follow=True):
    found = _stat(path, follow)
    return 0 if found is None else found[_MODE] & 0o170000


def isfile(path):
    return _kind(path) == 0o100000


def isdir(s):
    return _kind(s) == 0o040000


def islink(path):
    return _kind(path, False) == 0o120000


def ismount(path):
    here, above = _stat(path, False), _stat(join(path, ".."), False)
    return here is not None and (here[_DEV] != above[_DEV] or here[_INO] == above[_INO])


def getsize(filename):
    return _os.stat(filename)[_SIZE]


def getmtime(filename):
    return _os.stat(filename)[_MTIME]


def getatime(filename):
    return _os.stat(filename)[_ATIME]


def getctime(filename):
    return _os.stat(filename)[_CTIME]


def samefile(f1, f2):
    a, b = _os.stat(f1), _os.stat(f2)
    return a[_INO] == b[_INO] and a[_DEV] == b[_DEV]


def expanduser(path):
    path = fspath(path)
    if path == "~" or path.startswith("~/"):
        home = _os.getenv("HOME")
        if home is not None:
            return (home.rstrip("/") + path[1:]) or "/"
    return path


def expandvars(path):
    path = fspath(path)
    out = ""
    i = 0
    while i < len(path):
        if path[i] == "$":
            j = i + 1
            braced = path[j:j + 1] == "{"
            start = j + 1 if braced else j
            end = start
            while end < len(path) and (path[end] == "_" or path[end].isalnum() or braced and path[end] != "}"):
                end += 1
            value = _os.getenv(path[start:end])
            if end > start and value is not None and (not braced or path[end:end + 1] == "}"):
                out += value
                i = end + 1 if braced else end
                continue
        out += path[i]
        i += 1
    return out


def normpath(path):
    path = fspath(path)
    if path == "":
        return "."
    lead = 0
    if path.startswith("/"):
        lead = 2 if path.startswith("//") and not path.startswith("///") else 1
    parts = []
    for part in path.split("/"):
        if part in ("", "."):
            continue
        if part != ".." or not lead and not parts or parts and parts[-1] == "..":
            parts.append(part)
        elif parts:
            parts.pop()
    return "/" * lead + "/".join(parts) or "."


def abspath(path):
    path = fspath(path)
    return normpath(path if isabs(path) else join(_os.getcwd(), path))


def realpath(filename, *, strict=False):
    try:
        return _os.realpath(fspath(filename))
    except OSError:
        if strict:
            raise
    head, tail = split(abspath(filename))
    return join(realpath(head), tail) if tail else head


def relpath(path, start=None):
    if not path:
        raise ValueError("no path specified")
    from_parts = [x for x in abspath("." if start is None else start).split("/") if x]
    to_parts = [x for x in abspath(path).split("/") if x]
    same = len(commonprefix([from_parts, to_parts]))
    return join(*[".."] * (len(from_parts) - same) + to_parts[same:]) if from_parts != to_parts else "."


def commonprefix(m):
    if not m:
        return ""
    low, high = min(m), max(m)
    for i, c in enumerate(low):
        if c != high[i]:
            return low[:i]
    return low


def commonpath(paths):
    paths = [fspath(p) for p in paths]
    if not paths:
        raise ValueError("commonpath() arg is an empty sequence")
    absolute = {p.startswith("/") for p in paths}
    if len(absolute) > 1:
        raise ValueError("Can't mix absolute and relative paths")
    split_paths = [[c for c in p.split("/") if c and c != "."] for p in paths]
    common = commonprefix(split_paths)
    return ("/" if absolute.pop() else "") + "/".join(common)
