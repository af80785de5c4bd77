"""Zip archives: reading, writing, taking out files. Entries are stored or deflated."""
import io
import os
import time
from _archive import Bytes as _Bytes, Writer as _Writer, Zip as _Zip, crc32 as _crc32

ZIP_STORED = 0
ZIP_DEFLATED = 8
ZIP_BZIP2 = 12
ZIP_LZMA = 14
ZIP64_LIMIT = (1 << 31) - 1


class BadZipFile(Exception):
    pass


class LargeZipFile(Exception):
    pass


error = BadZipfile = BadZipFile


def is_zipfile(filename):
    """Whether a file (or a path) is a zip archive."""
    try:
        if hasattr(filename, "read"):
            position = filename.tell()
            try:
                filename.seek(0)
                data = filename.read()
            finally:
                filename.seek(position)
            _Zip(_Bytes(bytes(data)))
        else:
            _Zip(_Bytes(os.fspath(filename)))
    except (OSError, RuntimeError):
        return False
    return True


class ZipInfo:
    """An entry of an archive."""

    def __init__(self, filename="NoName", date_time=(1980, 1, 1, 0, 0, 0)):
        if "\0" in filename:
            filename = filename[:filename.index("\0")]
        if date_time[0] < 1980:
            raise ValueError("ZIP does not support timestamps before 1980")
        self.orig_filename = self.filename = filename
        self.date_time = date_time
        self.compress_type = ZIP_STORED
        self._compresslevel = None
        self.comment = self.extra = b""
        self.create_system = 3
        self.external_attr = 0
        self.compress_size = self.file_size = self.CRC = 0

    def is_dir(self):
        return self.filename.endswith("/")

    @classmethod
    def from_file(cls, filename, arcname=None, *, strict_timestamps=True):
        st = os.stat(filename)
        name = os.path.normpath(arcname if arcname is not None else filename).lstrip("/")
        folder = os.path.isdir(filename)
        info = cls(name + "/" if folder else name, tuple(time.localtime(st.st_mtime))[:6])
        info.external_attr = (st.st_mode & 0xffff) << 16 | (0x10 if folder else 0)
        info.file_size = 0 if folder else st.st_size
        return info

    def __repr__(self):
        out = f"<ZipInfo filename={self.filename!r}"
        if self.compress_type != ZIP_STORED:
            out += f" compress_type={'deflate' if self.compress_type == ZIP_DEFLATED else self.compress_type}"
        mode = self.external_attr >> 16
        if mode:
            out += f" filemode={_mode_text(mode)!r}"
        if not self.is_dir() or self.file_size:
            out += f" file_size={self.file_size}"
        if (not self.is_dir() or self.compress_size) and (self.compress_type != ZIP_STORED or self.file_size != self.compress_size):
            out += f" compress_size={self.compress_size}"
        return out + ">"

    def _dos(self):
        y, mo, d, h, mi, s = self.date_time
        return h << 11 | mi << 5 | s // 2, (y - 1980) << 9 | mo << 5 | d


def _mode_text(mode):
    kind = {0o040000: "d", 0o120000: "l"}.get(mode & 0o170000, "-" if mode & 0o170000 else "?")
    return kind + "".join(c if mode & (1 << (8 - i)) else "-" for i, c in enumerate("rwxrwxrwx"))


class ZipExtFile(io.BytesIO):
    """An entry open for reading."""

    def __init__(self, data, name):
        super().__init__(data)
        self._name = name

    name = property(lambda self: self._name)
    mode = "r"


class _Entry(io.BytesIO):
    """An entry open for writing: goes into the archive when it is closed."""

    def __init__(self, archive, info):
        super().__init__()
        self.archive = archive
        self.info = info

    def close(self):
        if not self.closed:
            self.archive._add(self.info, self.getvalue())
        super().close()


class ZipFile:
    def __init__(self, file, mode="r", compression=ZIP_STORED, allowZip64=True, compresslevel=None, *, strict_timestamps=True,
                 metadata_encoding=None):
        if mode not in ("r", "w", "x", "a"):
            raise ValueError("ZipFile requires mode 'r', 'w', 'x', or 'a'")
        self._check_compression(compression)
        self.compression = compression
        self.compresslevel = compresslevel
        self.mode = mode
        self.pwd = None
        self._comment = b""
        self.filelist = []
        self.NameToInfo = {}
        self._zip = self._writer = None
        path = None if hasattr(file, "read") or hasattr(file, "write") else os.fspath(file)
        self.filename = path if path is not None else getattr(file, "name", None)
        self.fp = file if path is None else path
        if mode == "r" or (mode == "a" and path is not None and os.path.exists(path) and os.path.getsize(path)):
            self._open(path, file)
        if mode != "r":
            if mode == "x" and path is not None and os.path.exists(path):
                raise FileExistsError(17, "File exists", path)
            self._writer = _Writer(path if path is not None else file)
            if self._zip is not None:
                for info in self.filelist:
                    self._put(info, self._zip.read(info.orig_filename))

    @staticmethod
    def _check_compression(compression):
        if compression in (ZIP_BZIP2, ZIP_LZMA):
            raise NotImplementedError("zipfile: only ZIP_STORED and ZIP_DEFLATED are supported")
        if compression not in (ZIP_STORED, ZIP_DEFLATED):
            raise NotImplementedError("That compression method is not supported")

    def _open(self, path, file):
        try:
            if path is not None:
                self._zip = _Zip(_Bytes(path))
            else:
                file.seek(0)
                self._zip = _Zip(_Bytes(bytes(file.read())))
        except RuntimeError as e:
            text = str(e)
            raise BadZipFile("File is not a zip file" if "not a ZIP" in text or "central" in text else text) from None
        for name in self._zip.names():
            info = ZipInfo(name)
            info.file_size, info.compress_size, info.CRC, info.compress_type, date, clock, info.external_attr = self._zip.info(name)
            info.date_time = (1980 + (date >> 9), date >> 5 & 15, date & 31, clock >> 11, clock >> 5 & 63, (clock & 31) * 2)
            self.filelist.append(info)
            self.NameToInfo[name] = info

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def __repr__(self):
        out = f"<{type(self).__module__}.{type(self).__qualname__}"
        if self.fp is None:
            return out + " [closed]>"
        if self.filename is not None:
            out += f" filename={self.filename!r}"
        return out + f" mode={self.mode!r}>"

    @property
    def comment(self):
        return self._comment

    @comment.setter
    def comment(self, text):
        if not isinstance(text, bytes):
            raise TypeError(f"comment: expected bytes, got {type(text)}")
        self._comment = text[:65535]

    def namelist(self):
        return [info.filename for info in self.filelist]

    def infolist(self):
        return self.filelist

    def getinfo(self, name):
        info = self.NameToInfo.get(name)
        if info is None:
            raise KeyError(f"There is no item named {name!r} in the archive")
        return info

    def printdir(self, file=None):
        print("%-46s %19s %12s" % ("File Name", "Modified    ", "Size"), file=file)
        for info in self.filelist:
            print("%-46s %s %12d" % (info.filename, "%d-%02d-%02d %02d:%02d:%02d" % info.date_time[:6], info.file_size), file=file)

    def setpassword(self, pwd):
        raise NotImplementedError("zipfile: encrypted archives are not supported")

    def _check_open(self, what):
        if self.fp is None:
            raise ValueError(f"Attempt to {what} ZIP archive that was already closed")

    def read(self, name, pwd=None):
        self._check_open("use")
        info = name if isinstance(name, ZipInfo) else self.getinfo(name)
        if self._zip is None or self.mode != "r":
            raise ValueError("zipfile: an archive that is being written cannot be read before it is closed")
        if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
            raise NotImplementedError("That compression method is not supported")
        try:
            return self._zip.read(info.orig_filename, True)
        except RuntimeError as e:
            raise BadZipFile(str(e)) from None

    def open(self, name, mode="r", pwd=None, *, force_zip64=False):
        if mode == "r":
            info = name if isinstance(name, ZipInfo) else self.getinfo(name)
            return ZipExtFile(self.read(info), info.filename)
        if mode != "w":
            raise ValueError('open() requires mode "r" or "w"')
        if isinstance(name, ZipInfo):
            return _Entry(self, name)
        info = ZipInfo(name, tuple(time.localtime())[:6])
        info.compress_type = self.compression
        return _Entry(self, info)

    def testzip(self):
        """The name of the first entry that is broken; None when all are whole."""
        for info in self.filelist:
            try:
                self.read(info)
            except BadZipFile:
                return info.filename
        return None

    def extract(self, member, path=None, pwd=None):
        """Writes an entry below a folder; whatever its name says, never outside of it."""
        info = member if isinstance(member, ZipInfo) else self.getinfo(member)
        parts = [p for p in info.filename.split("/") if p not in ("", ".", "..")]
        target = os.path.normpath(os.path.join(os.getcwd() if path is None else os.fspath(path), *parts))
        folder = target if info.is_dir() else os.path.dirname(target)
        if folder:
            os.makedirs(folder, exist_ok=True)
        if not info.is_dir():
            with open(target, "wb") as f:
                f.write(self.read(info))
        return target

    def extractall(self, path=None, members=None, pwd=None):
        for member in self.filelist[:] if members is None else members:
            self.extract(member, path)

    # --- writing ---

    def _put(self, info, data):
        clock, date = info._dos()
        self._writer.add(info.filename, data, info.compress_type == ZIP_DEFLATED, 1, False, clock, date, info.external_attr)

    def _add(self, info, data):
        self._check_open("write to")
        if self._writer is None:
            raise ValueError("write() requires mode 'w', 'x', or 'a'")
        if info.filename in self.NameToInfo:
            import warnings
            warnings.warn(f"Duplicate name: {info.filename!r}", stacklevel=3)
        self._check_compression(info.compress_type)
        info.file_size = info.compress_size = len(data)
        info.CRC = _crc32(data)
        self._put(info, data)
        self.filelist.append(info)
        self.NameToInfo[info.filename] = info

    def writestr(self, zinfo_or_arcname, data, compress_type=None, compresslevel=None):
        if isinstance(data, str):
            data = data.encode("utf-8")
        if isinstance(zinfo_or_arcname, ZipInfo):
            info = zinfo_or_arcname
        else:
            info = ZipInfo(zinfo_or_arcname, tuple(time.localtime())[:6])
            info.compress_type = self.compression
            info.external_attr = (0o40775 << 16 | 0x10) if info.is_dir() else 0o600 << 16
        if compress_type is not None:
            info.compress_type = compress_type
        self._add(info, bytes(data))

    def write(self, filename, arcname=None, compress_type=None, compresslevel=None):
        info = ZipInfo.from_file(filename, arcname)
        if info.is_dir():
            self._add(info, b"")
            return
        info.compress_type = self.compression if compress_type is None else compress_type
        with open(filename, "rb") as f:
            self._add(info, f.read())

    def mkdir(self, zinfo_or_directory_name, mode=511):
        name = zinfo_or_directory_name
        info = ZipInfo(name if name.endswith("/") else name + "/")
        info.external_attr = (0o40000 | mode) << 16 | 0x10
        self._add(info, b"")

    def close(self):
        if self.fp is None:
            return
        self.fp = None
        if self._writer is not None:
            self._writer.finish(False, self._comment)
            self._writer = None

    def __del__(self):
        self.close()
