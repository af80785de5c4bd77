"""What programs rarely ask os for; os takes it from here when it is first asked for."""
import io
import os

import _process
from _process import dup, dup2, execv, getegid, geteuid, getgid, getloadavg, isatty, lseek, sched_getaffinity
from _record import Record

defpath = "/bin:/usr/bin"
EX_OK, EX_USAGE, EX_DATAERR, EX_NOINPUT, EX_SOFTWARE, EX_OSERR, EX_IOERR, EX_CONFIG = 0, 64, 65, 66, 70, 71, 74, 78
O_NONBLOCK, O_SYNC, O_CLOEXEC, O_DIRECTORY, O_NOFOLLOW = 0o4000, 0o4010000, 0o2000000, 0o200000, 0o400000


class statvfs_result(Record):
    _names = ("f_bsize", "f_frsize", "f_blocks", "f_bfree", "f_bavail", "f_files", "f_ffree", "f_favail", "f_flag", "f_namemax")

    def __repr__(self):
        return "os." + super().__repr__()


def statvfs(path):
    return statvfs_result(_process.statvfs(path))


def fdopen(fd, mode="r", buffering=-1, encoding=None, *args, **kwargs):
    if not isinstance(fd, int):
        raise TypeError(f"invalid fd type ({type(fd)}, expected integer)")
    return io.open(fd, mode, buffering, encoding, *args, **kwargs)


class _Pipe:
    """A command's output or input as a file; close() gives its status, None for 0."""

    def __init__(self, process, stream):
        self._process, self._stream = process, stream

    def close(self):
        self._stream.close()
        status = self._process.wait()
        if status == 0:
            return None
        return status if status < 0 else status << 8

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.close()

    def __iter__(self):
        return iter(self._stream)

    def __getattr__(self, name):
        return getattr(self._stream, name)


def popen(cmd, mode="r", buffering=-1):
    """A shell command as a file: its output to be read ("r") or its input to be written ("w")."""
    if not isinstance(cmd, str):
        raise TypeError(f"invalid cmd type ({type(cmd)}, expected string)")
    if mode not in ("r", "w"):
        raise ValueError(f"invalid mode {mode!r}")
    import subprocess
    if mode == "r":
        process = subprocess.Popen(cmd, shell=True, text=True, stdout=subprocess.PIPE)
        return _Pipe(process, process.stdout)
    process = subprocess.Popen(cmd, shell=True, text=True, stdin=subprocess.PIPE)
    return _Pipe(process, process.stdin)


def get_exec_path(env=None):
    return (os.environ if env is None else env).get("PATH", defpath).split(":")


def execvp(file, args):
    """Becomes another program, looked for in PATH."""
    if "/" in file:
        execv(file, args)
    for folder in get_exec_path():
        full = os.path.join(folder, file)
        if os.access(full, 1):
            execv(full, args)
    raise FileNotFoundError(2, "No such file or directory", file)


def execl(file, *args):
    execv(file, args)


def execlp(file, *args):
    execvp(file, args)


def WIFEXITED(status):
    return status & 0x7f == 0


def WEXITSTATUS(status):
    return status >> 8 & 0xff


def WIFSIGNALED(status):
    return 0 < status & 0x7f < 0x7f


def WTERMSIG(status):
    return status & 0x7f
