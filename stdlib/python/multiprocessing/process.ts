"""Processes that run a function of the program: copies of it, made by fork(), so nothing has to be sent to start one."""
import itertools
import os
import sys

_children = set()
_count = itertools.count(1)


class BaseProcess:
    """What current_process() gives: the running process as its parent or its child sees it."""

    _identity = ()
    _parent_name = None

    def is_alive(self):
        return True

    @property
    def ident(self):
        return self.pid

    @property
    def sentinel(self):
        return self._sentinel


class _MainProcess(BaseProcess):
    def __init__(self):
        self.name, self.pid, self.daemon, self.exitcode, self._parent_pid = "MainProcess", os.getpid(), False, None, None

    def __repr__(self):
        return "<_MainProcess name='MainProcess' parent=None started>"


class _ParentProcess(BaseProcess):
    def __init__(self, name, pid):
        self.name, self.pid, self.daemon, self._parent_pid = name, pid, False, None

    def is_alive(self):
        return os.getppid() == self.pid


_current = _MainProcess()
_parent = None


def current_process():
    return _current


def parent_process():
    return _parent


def active_children():
    """The living children; joins those that have ended."""
    return [p for p in list(_children) if p.is_alive()]


class Process(BaseProcess):
    """Runs target(*args, **kwargs), or the run() of a subclass, in a process of its own."""

    def __init__(self, group=None, target=None, name=None, args=(), kwargs={}, *, daemon=None):
        assert group is None, "group argument must be None for now"
        self._identity = (*_current._identity, next(_count))
        self._target, self._args, self._kwargs = target, tuple(args), dict(kwargs)
        self.name = name or type(self).__name__ + "-" + ":".join(str(i) for i in self._identity)
        self._daemon = _current.daemon if daemon is None else daemon
        self._parent_pid, self._parent_name = os.getpid(), _current.name
        self.pid = self._exitcode = self._sentinel = None
        self._closed = False

    @property
    def daemon(self):
        """Whether it ends with the process that started it."""
        return self._daemon

    @daemon.setter
    def daemon(self, value):
        assert self.pid is None, "process has already started"
        self._daemon = value

    def run(self):
        if self._target:
            self._target(*self._args, **self._kwargs)

    def start(self):
        self._check_open()
        assert self.pid is None, "cannot start a process twice"
        assert self._parent_pid == os.getpid(), "can only start a process object created by current process"
        assert not _current.daemon, "daemonic processes are not allowed to have children"
        sys.stdout.flush()
        sys.stderr.flush()
        ended, end = os.pipe()  # `end` is closed when the child is gone
        pid = os.fork()
        if pid == 0:
            os.close(ended)
            code = 1
            try:
                code = self._bootstrap()
            finally:
                os._exit(code)
        os.close(end)
        self.pid, self._sentinel = pid, ended
        self._target = self._args = self._kwargs = None
        _children.add(self)

    def _bootstrap(self):
        """What the child does; its exit status."""
        global _current, _parent, _count
        import traceback
        self.pid = os.getpid()
        _parent, _current, _count = _ParentProcess(self._parent_name, self._parent_pid), self, itertools.count(1)
        _children.clear()
        code = 1
        try:
            sys.stdin = open(os.devnull)
            try:
                self.run()
                code = 0
            finally:
                _end_children()
        except SystemExit as e:
            code = 0 if e.code is None else e.code if isinstance(e.code, int) else 1
            if code == 1 and e.code != 1:
                print(e.code, file=sys.stderr)
        except BaseException:
            sys.stderr.write(f"Process {self.name}:\n")
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        return code

    def _check_open(self):
        if self._closed:
            raise ValueError("process object is closed")

    def _poll(self, options):
        """The exit status, None while it runs."""
        if self._exitcode is None and self.pid is not None:
            try:
                pid, status = os.waitpid(self.pid, options)
            except ChildProcessError:
                return None  # not our child, or someone else has waited for it
            if pid:
                self._exitcode = os.waitstatus_to_exitcode(status)
                _children.discard(self)
        return self._exitcode

    def join(self, timeout=None):
        """Waits until it has ended, at most `timeout` seconds."""
        self._check_open()
        assert self._parent_pid == os.getpid(), "can only join a child process"
        assert self.pid is not None, "can only join a started process"
        if timeout is None:
            self._poll(0)
        elif self._poll(os.WNOHANG) is None:
            from multiprocessing.connection import wait
            if wait([self._sentinel], timeout):
                self._poll(0)

    def is_alive(self):
        self._check_open()
        if self is _current:
            return True
        assert self._parent_pid == os.getpid(), "can only test a child process"
        return self.pid is not None and self._poll(os.WNOHANG) is None

    @property
    def exitcode(self):
        """None while it runs; -N: it was killed by signal N."""
        self._check_open()
        return None if self is _current else self._poll(os.WNOHANG)

    def _signal(self, number):
        self._check_open()
        if self._poll(os.WNOHANG) is None:
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                pass

    def terminate(self):
        self._signal(15)

    def kill(self):
        self._signal(9)

    def close(self):
        if self._closed:
            return
        if self.pid is not None:
            if self._poll(os.WNOHANG) is None:
                raise ValueError("Cannot close a process while it is still running. You should first call join() or terminate().")
            os.close(self._sentinel)
            self._sentinel = None
        self._closed = True

    def __del__(self):
        if self.__dict__.get("_sentinel") is not None and self._parent_pid == os.getpid():
            os.close(self._sentinel)

    def __repr__(self):
        state = "closed"
        if not self._closed:
            code = self._poll(os.WNOHANG) if self._parent_pid == os.getpid() else None
            state = "initial" if self.pid is None else "stopped" if code is not None else "started"
            if self._parent_pid != os.getpid() and self is not _current:
                state = "unknown"
        words = [f"name={self.name!r}"]
        if self.pid is not None:
            words.append(f"pid={self.pid}")
        words += [f"parent={self._parent_pid}", state]
        if state == "stopped":
            import signal
            name = signal.Signals(-code).name if code < 0 and -code in list(signal.Signals) else code
            words.append(f"exitcode={'-' + name if isinstance(name, str) else name}")
        if self._daemon:
            words.append("daemon")
        return f"<{type(self).__name__} {' '.join(words)}>"


def _end_children():
    """At the end of a process: daemons are stopped, the others waited for."""
    for p in list(_children):
        if p._daemon:
            p.terminate()
    for p in list(_children):
        p.join()
