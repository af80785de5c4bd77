"""How the processes of one group find each other and exchange messages: through files in a folder that all of them see.

The folder's name follows from the init method. Rank 0 makes it, with the number of its process and a random word in the file `id`;
the others write `hello.<word>.<rank>`, and `ready.<word>` says that all are there: what a program that was killed left behind has
another word. A message is a file of its own. It is written under another name first, so that it is there at once or not at all,
and taken away by the one who reads it. Nobody waits to write.
"""
import io
import os
import pickle
import shutil
import time
import torch

_PAUSE = 0.0002


def wait_for(condition, timeout, what):
    """The first true value of condition(), asked again and again."""
    end, pause = time.monotonic() + timeout, _PAUSE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise RuntimeError(f"Timed out after {timeout:g} seconds: {what}")
        time.sleep(pause)
        pause = min(pause * 1.2, 0.005)


def _write(path, data):
    temporary = f"{path}.{os.getpid()}.new"
    with open(temporary, "wb") as f:
        f.write(data)
    os.rename(temporary, path)


def _read(path):
    try:
        with open(path, "rb") as f:
            return f.read()
    except FileNotFoundError:
        return None


def _is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class Folder:
    """The folder of one job."""

    def __init__(self, path, rank, world_size, timeout):
        self.path, self.rank, self.world_size, self.timeout = path, rank, world_size, timeout
        if rank == 0:
            known = _read(os.path.join(path, "id"))
            if known:
                pid = int(known.split()[0])
                if pid != os.getpid() and _is_alive(pid):
                    raise RuntimeError(f"The server socket has failed to listen on any local network address: {path} is in use "
                                       f"(errno: 98 - Address already in use).")
            shutil.rmtree(path, ignore_errors=True)
            os.makedirs(path, exist_ok=True)
            word = os.urandom(8).hex()
            _write(self._at("id"), f"{os.getpid()} {word}".encode())
            waiting = [f"hello.{word}.{r}" for r in range(1, world_size)]
            wait_for(lambda: all(os.path.exists(self._at(name)) for name in waiting), timeout, f"waiting for {world_size - 1} other processes")
            _write(self._at("ready." + word), b"")
        else:
            said = [None]

            def joined():
                known = _read(self._at("id"))
                if not known or not _is_alive(int(known.split()[0])):
                    return False
                word = known.split()[1].decode()
                hello = self._at(f"hello.{word}.{rank}")
                if said[0] != word or not os.path.exists(hello):
                    try:
                        _write(hello, b"")
                    except FileNotFoundError:
                        return False
                    said[0] = word
                return os.path.exists(self._at("ready." + word))

            wait_for(joined, timeout, "waiting for the process of rank 0")

    def _at(self, name):
        return os.path.join(self.path, name)

    def put(self, name, value):
        """Leaves a message."""
        _write(self._at(name), dump(value))

    def has(self, name):
        return os.path.exists(self._at(name))

    def take(self, name, timeout=None):
        """Waits for a message and takes it away."""
        path = self._at(name)
        wait_for(lambda: os.path.exists(path), self.timeout if timeout is None else timeout, f"waiting for {name}")
        data = _read(path)
        os.unlink(path)
        return load(data)

    def leave(self):
        """The last process that leaves takes the folder away."""
        if not os.path.isdir(self.path):
            return
        _write(self._at(f"left.{self.rank}"), b"")
        if all(os.path.exists(self._at(f"left.{r}")) for r in range(self.world_size)):
            shutil.rmtree(self.path, ignore_errors=True)


def dump(value):
    if isinstance(value, torch.Tensor):
        buffer = io.BytesIO()
        torch.save(value.detach().contiguous().clone(), buffer)
        return b"T" + buffer.getvalue()
    return b"O" + pickle.dumps(value)


def load(data):
    if data[:1] == b"T":
        return torch.load(io.BytesIO(data[1:]))
    return pickle.loads(data[1:])
