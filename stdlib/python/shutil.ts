"""Copying, moving and removing files and trees."""
import collections
import fnmatch
import os
import stat

__all__ = ["copyfileobj", "copyfile", "copymode", "copystat", "copy", "copy2", "copytree", "move", "rmtree", "Error",
           "SameFileError", "SpecialFileError", "ignore_patterns", "which", "get_terminal_size", "disk_usage",
           "make_archive", "unpack_archive", "get_archive_formats", "chown"]


class Error(OSError):
    pass


class SameFileError(Error):
    """Source and destination are the same file."""


class ReadError(OSError):
    """An archive cannot be read."""


class SpecialFileError(OSError):
    """The operation is not for this kind of file."""


def copyfileobj(fsrc, fdst, length=0):
    """Copies what is left of one file to another."""
    while True:
        data = fsrc.read(length or 65536)
        if not data:
            break
        fdst.write(data)


def _same(src, dst):
    try:
        return os.path.samefile(src, dst)
    except OSError:
        return False


def copyfile(src, dst, *, follow_symlinks=True):
    """Copies the contents; gives dst."""
    if _same(src, dst):
        raise SameFileError("{!r} and {!r} are the same file".format(src, dst))
    if not follow_symlinks and os.path.islink(src):
        os.symlink(os.readlink(src), dst)
        return dst
    with open(src, "rb") as fsrc:
        with open(dst, "wb") as fdst:
            copyfileobj(fsrc, fdst, 1 << 20)
    return dst


def copymode(src, dst, *, follow_symlinks=True):
    os.chmod(dst, stat.S_IMODE(os.stat(src).st_mode))


def copystat(src, dst, *, follow_symlinks=True):
    s = os.stat(src)
    os.utime(dst, (s.st_atime, s.st_mtime))
    os.chmod(dst, stat.S_IMODE(s.st_mode))


def _target(src, dst):
    return os.path.join(dst, os.path.basename(src)) if os.path.isdir(dst) else dst


def copy(src, dst, *, follow_symlinks=True):
    """Copies contents and mode to a file or into a folder; gives the new path."""
    dst = _target(src, dst)
    copyfile(src, dst, follow_symlinks=follow_symlinks)
    copymode(src, dst, follow_symlinks=follow_symlinks)
    return dst


def copy2(src, dst, *, follow_symlinks=True):
    """As copy, with times."""
    dst = _target(src, dst)
    copyfile(src, dst, follow_symlinks=follow_symlinks)
    copystat(src, dst, follow_symlinks=follow_symlinks)
    return dst


def ignore_patterns(*patterns):
    """A function for copytree's `ignore`."""
    def ignored(path, names):
        out = []
        for pattern in patterns:
            out += fnmatch.filter(names, pattern)
        return set(out)
    return ignored


def copytree(src, dst, symlinks=False, ignore=None, copy_function=copy2, ignore_dangling_symlinks=False,
             dirs_exist_ok=False):
    """Copies a tree; gives dst."""
    names = os.listdir(src)
    ignored = ignore(os.fspath(src), names) if ignore is not None else set()
    os.makedirs(dst, exist_ok=dirs_exist_ok)
    errors = []
    for name in names:
        if name in ignored:
            continue
        from_path, to_path = os.path.join(src, name), os.path.join(dst, name)
        try:
            if os.path.islink(from_path) and symlinks:
                os.symlink(os.readlink(from_path), to_path)
            elif os.path.islink(from_path) and not os.path.exists(from_path) and ignore_dangling_symlinks:
                continue
            elif os.path.isdir(from_path):
                copytree(from_path, to_path, symlinks, ignore, copy_function, ignore_dangling_symlinks, dirs_exist_ok)
            else:
                copy_function(from_path, to_path)
        except Error as e:
            errors.extend(e.args[0])
        except OSError as why:
            errors.append((from_path, to_path, str(why)))
    try:
        copystat(src, dst)
    except OSError as why:
        errors.append((src, dst, str(why)))
    if errors:
        raise Error(errors)
    return dst


def rmtree(path, ignore_errors=False, onerror=None, *, dir_fd=None):
    """Removes a folder with everything in it."""
    import sys

    def failed(function, where):
        if ignore_errors:
            return
        if onerror is None:
            raise
        onerror(function, where, sys.exc_info())

    try:
        if os.path.islink(path):
            raise OSError("Cannot call rmtree on a symbolic link")
    except OSError:
        failed(os.path.islink, path)
        return
    _remove_tree(path, failed)


def _remove_tree(path, failed):
    try:
        entries = list(os.scandir(path))
    except OSError:
        failed(os.scandir, path)
        return
    for e in entries:
        if e.is_dir(follow_symlinks=False):
            _remove_tree(e.path, failed)
        else:
            try:
                os.unlink(e.path)
            except OSError:
                failed(os.unlink, e.path)
    try:
        os.rmdir(path)
    except OSError:
        failed(os.rmdir, path)


def move(src, dst, copy_function=copy2):
    """Moves a file or tree, also to another file system; gives the new path."""
    real = dst
    if os.path.isdir(dst):
        if _same(src, dst):
            os.rename(src, dst)
            return None
        real = os.path.join(dst, os.path.basename(os.fspath(src).rstrip("/")))
        if os.path.exists(real):
            raise Error("Destination path '%s' already exists" % real)
    try:
        os.rename(src, real)
    except OSError:
        if os.path.islink(src):
            os.symlink(os.readlink(src), real)
            os.unlink(src)
        elif os.path.isdir(src):
            source, target = os.path.abspath(src) + "/", os.path.abspath(dst) + "/"
            if target.startswith(source):
                raise Error("Cannot move a directory '%s' into itself '%s'." % (src, dst))
            copytree(src, real, symlinks=True, copy_function=copy_function)
            rmtree(src)
        else:
            copy_function(src, real)
            os.unlink(src)
    return real


def which(cmd, mode=os.F_OK | os.X_OK, path=None):
    """The path of a program."""
    def usable(p):
        return os.path.exists(p) and os.access(p, mode) and not os.path.isdir(p)

    if os.path.dirname(cmd):
        return cmd if usable(cmd) else None
    if path is None:
        path = os.environ.get("PATH", "/bin:/usr/bin")
    for folder in path.split(os.pathsep):
        name = os.path.join(folder, cmd)
        if usable(name):
            return name
    return None


def get_terminal_size(fallback=(80, 24)):
    """The terminal's columns and lines, from COLUMNS and LINES or the terminal itself."""
    def number(name):
        try:
            return int(os.environ[name])
        except (KeyError, ValueError):
            return 0

    columns, lines = number("COLUMNS"), number("LINES")
    if columns <= 0 or lines <= 0:
        try:
            size = os.get_terminal_size(1)
        except OSError:
            size = os.terminal_size(fallback)
        columns = columns if columns > 0 else size.columns or fallback[0]
        lines = lines if lines > 0 else size.lines or fallback[1]
    return os.terminal_size((columns, lines))


_usage = collections.namedtuple("usage", "total used free")


def disk_usage(path):
    s = os.statvfs(path)
    return _usage(s.f_blocks * s.f_frsize, (s.f_blocks - s.f_bfree) * s.f_frsize, s.f_bavail * s.f_frsize)


def chown(path, user=None, group=None):
    raise NotImplementedError("shutil.chown")


def make_archive(base_name, format, root_dir=None, base_dir=None, **kwargs):
    """Packs root_dir (or base_dir, named from there) into base_name.zip or a tar file; gives its name."""
    root_dir = os.curdir if root_dir is None else os.fspath(root_dir)
    base_dir = os.curdir if base_dir is None else os.fspath(base_dir)
    base_name = os.fspath(base_name)
    tar_flags = {"tar": ("", ".tar"), "gztar": ("z", ".tar.gz"), "bztar": ("j", ".tar.bz2"), "xztar": ("J", ".tar.xz")}
    if format in tar_flags:
        import subprocess
        flag, ending = tar_flags[format]
        subprocess.run(["tar", f"-c{flag}f", os.path.abspath(base_name + ending), "-C", root_dir, base_dir], check=True)
        return base_name + ending
    if format != "zip":
        raise ValueError(f"unknown archive format {format!r}")
    import zipfile
    folder = os.path.dirname(base_name)
    if folder and not os.path.exists(folder):
        os.makedirs(folder)
    target = os.path.abspath(base_name + ".zip")
    with zipfile.ZipFile(target, "w", compression=zipfile.ZIP_DEFLATED) as z:
        for where, folders, files in os.walk(os.path.join(root_dir, base_dir)):
            for name in sorted(folders) + files:
                full = os.path.normpath(os.path.join(where, name))
                if os.path.abspath(full) != target and (name in folders or os.path.isfile(full)):
                    z.write(full, os.path.relpath(full, root_dir))
    return base_name + ".zip" if os.path.isabs(base_name) else target


def unpack_archive(filename, extract_dir=None, format=None):
    """Unpacks a zip or tar file; the format follows from its name."""
    filename = os.fspath(filename)
    extract_dir = os.getcwd() if extract_dir is None else os.fspath(extract_dir)
    if format == "zip" or format is None and filename.endswith(".zip"):
        import zipfile
        if not zipfile.is_zipfile(filename):
            raise ReadError(f"{filename} is not a zip file")
        with zipfile.ZipFile(filename) as z:
            z.extractall(extract_dir)
    elif format in ("tar", "gztar", "bztar", "xztar") or format is None and (".tar" in filename or filename.endswith(".tgz")):
        import subprocess
        os.makedirs(extract_dir, exist_ok=True)
        subprocess.run(["tar", "-xf", filename, "-C", extract_dir], check=True)
    else:
        raise ReadError(f"Unknown archive format '{filename}'" if format is None else f"Unknown unpack format '{format}'")


def get_archive_formats():
    return [("bztar", "bzip2'ed tar-file"), ("gztar", "gzip'ed tar-file"), ("tar", "uncompressed tar file"),
            ("xztar", "xz'ed tar-file"), ("zip", "ZIP file")]
