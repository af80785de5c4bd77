"""Running other programs."""
import os
import time

import _process

__all__ = ["Popen", "PIPE", "STDOUT", "call", "check_call", "getstatusoutput", "getoutput", "check_output", "run",
           "CalledProcessError", "DEVNULL", "SubprocessError", "TimeoutExpired", "CompletedProcess"]

PIPE, STDOUT, DEVNULL = -1, -2, -3


class SubprocessError(Exception):
    pass


class CalledProcessError(SubprocessError):
    """A program ended with another status than 0."""

    def __init__(self, returncode, cmd, output=None, stderr=None):
        self.returncode, self.cmd, self.output, self.stderr = returncode, cmd, output, stderr

    def __str__(self):
        if self.returncode and self.returncode < 0:
            import signal
            try:
                return "Command '%s' died with %r." % (self.cmd, signal.Signals(-self.returncode))
            except ValueError:
                return "Command '%s' died with unknown signal %d." % (self.cmd, -self.returncode)
        return "Command '%s' returned non-zero exit status %d." % (self.cmd, self.returncode)

    @property
    def stdout(self):
        return self.output

    @stdout.setter
    def stdout(self, value):
        self.output = value


class TimeoutExpired(SubprocessError):
    """A program did not end in time."""

    def __init__(self, cmd, timeout, output=None, stderr=None):
        self.cmd, self.timeout, self.output, self.stderr = cmd, timeout, output, stderr

    def __str__(self):
        return "Command '%s' timed out after %s seconds" % (self.cmd, self.timeout)

    @property
    def stdout(self):
        return self.output


class CompletedProcess:
    """A program that has ended."""

    def __init__(self, args, returncode, stdout=None, stderr=None):
        self.args, self.returncode, self.stdout, self.stderr = args, returncode, stdout, stderr

    def __repr__(self):
        parts = ["args={!r}".format(self.args), "returncode={!r}".format(self.returncode)]
        if self.stdout is not None:
            parts.append("stdout={!r}".format(self.stdout))
        if self.stderr is not None:
            parts.append("stderr={!r}".format(self.stderr))
        return "{}({})".format(type(self).__name__, ", ".join(parts))

    def check_returncode(self):
        if self.returncode:
            raise CalledProcessError(self.returncode, self.args, self.stdout, self.stderr)


class Popen:
    """A program that runs."""

    def __init__(self, args, bufsize=-1, executable=None, stdin=None, stdout=None, stderr=None, preexec_fn=None,
                 close_fds=True, shell=False, cwd=None, env=None, universal_newlines=None, startupinfo=None,
                 creationflags=0, restore_signals=True, start_new_session=False, pass_fds=(), *, user=None, group=None,
                 extra_groups=None, encoding=None, errors=None, text=None, umask=-1, pipesize=-1, process_group=None):
        if preexec_fn is not None:
            raise NotImplementedError("subprocess.Popen with preexec_fn")
        self.args = args
        self._text = bool(text or universal_newlines or encoding or errors)
        self._encoding, self._errors = encoding or "utf-8", errors or "strict"
        if isinstance(args, (str, bytes)) or hasattr(args, "__fspath__"):
            command = [args]
        else:
            command = list(args)
        if shell:
            command = ["/bin/sh", "-c"] + command
        program = executable or command[0]
        environment = None if env is None else [f"{k}={v}" for k, v in env.items()]
        to_close = []

        def descriptor(what, writing):
            """The child's descriptor and ours."""
            if what is None:
                return -1, -1
            if what == PIPE:
                r, w = os.pipe()
                child, ours = (r, w) if writing else (w, r)
                to_close.append(child)
                return child, ours
            if what == DEVNULL:
                fd = os.open(os.devnull, os.O_RDWR)
                to_close.append(fd)
                return fd, -1
            if isinstance(what, int):
                return what, -1
            what.flush() if hasattr(what, "flush") else None
            return what.fileno(), -1

        child_in, self._in = descriptor(stdin, True)
        child_out, self._out = descriptor(stdout, False)
        if stderr == STDOUT:
            child_err, self._err = (child_out if child_out >= 0 else 1), -1
        else:
            child_err, self._err = descriptor(stderr, False)
        try:
            self.pid = _process.spawn(program, command, environment, cwd, child_in, child_out, child_err, start_new_session)
        except OSError:
            for fd in (self._in, self._out, self._err):
                if fd >= 0:
                    os.close(fd)
            raise
        finally:
            for fd in to_close:
                os.close(fd)
        self.returncode = None
        self._streams = {}

    def _stream(self, name, fd, mode):
        if fd < 0:
            return None
        if name not in self._streams:
            if self._text:
                self._streams[name] = open(fd, mode, encoding=self._encoding, errors=self._errors)
            else:
                self._streams[name] = open(fd, mode + "b")
        return self._streams[name]

    @property
    def stdin(self):
        return self._stream("in", self._in, "w")

    @property
    def stdout(self):
        return self._stream("out", self._out, "r")

    @property
    def stderr(self):
        return self._stream("err", self._err, "r")

    def __repr__(self):
        return "<%s: returncode: %s args: %r>" % (self.__class__.__name__, self.returncode, self.args)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        for stream in self._streams.values():
            stream.close()
        self.wait()

    def poll(self):
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout=None):
        if self.returncode is not None:
            return self.returncode
        if timeout is None:
            self.returncode = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
            return self.returncode
        end = time.monotonic() + timeout
        pause = 0.0005
        while self.poll() is None:
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutExpired(self.args, timeout)
            pause = min(pause * 2, left, 0.05)
            time.sleep(pause)
        return self.returncode

    def _decode(self, data):
        return data.decode(self._encoding, self._errors).replace("\r\n", "\n").replace("\r", "\n") if self._text else data

    def communicate(self, input=None, timeout=None):
        if input is None:
            input = b""
        elif self._text:
            input = input.encode(self._encoding, self._errors)
        for stream in self._streams.values():
            if stream.writable():
                stream.flush()
        out, err, late = _process.communicate(self._in, input, self._out, self._err, timeout)
        has_out, has_err = self._out >= 0, self._err >= 0
        self._in = self._out = self._err = -1
        if late:
            raise TimeoutExpired(self.args, timeout, output=out or None, stderr=err or None)
        self.wait(timeout)
        return self._decode(out) if has_out else None, self._decode(err) if has_err else None

    def send_signal(self, sig):
        if self.poll() is None:
            os.kill(self.pid, int(sig))

    def terminate(self):
        self.send_signal(15)

    def kill(self):
        self.send_signal(9)


def run(*popenargs, input=None, capture_output=False, timeout=None, check=False, **kwargs):
    """Runs a program to its end."""
    if input is not None:
        if kwargs.get("stdin") is not None:
            raise ValueError("stdin and input arguments may not both be used.")
        kwargs["stdin"] = PIPE
    if capture_output:
        if kwargs.get("stdout") is not None or kwargs.get("stderr") is not None:
            raise ValueError("stdout and stderr arguments may not be used with capture_output.")
        kwargs["stdout"] = kwargs["stderr"] = PIPE
    process = Popen(*popenargs, **kwargs)
    try:
        stdout, stderr = process.communicate(input, timeout=timeout)
    except BaseException:
        process.kill()
        process.wait()
        raise
    code = process.returncode
    if check and code:
        raise CalledProcessError(code, process.args, output=stdout, stderr=stderr)
    return CompletedProcess(process.args, code, stdout, stderr)


def call(*popenargs, timeout=None, **kwargs):
    process = Popen(*popenargs, **kwargs)
    try:
        return process.wait(timeout=timeout)
    except BaseException:
        process.kill()
        process.wait()
        raise


def check_call(*popenargs, **kwargs):
    code = call(*popenargs, **kwargs)
    if code:
        raise CalledProcessError(code, kwargs.get("args", popenargs[0] if popenargs else None))
    return 0


def check_output(*popenargs, timeout=None, **kwargs):
    if "stdout" in kwargs:
        raise ValueError("stdout argument not allowed, it will be overridden.")
    return run(*popenargs, stdout=PIPE, timeout=timeout, check=True, **kwargs).stdout


def getstatusoutput(cmd, *, encoding=None, errors=None):
    result = run(cmd, shell=True, text=True, stdout=PIPE, stderr=STDOUT, encoding=encoding, errors=errors)
    out = result.stdout
    return result.returncode, out[:-1] if out[-1:] == "\n" else out


def getoutput(cmd, *, encoding=None, errors=None):
    return getstatusoutput(cmd, encoding=encoding, errors=errors)[1]


def list2cmdline(seq):
    import shlex
    return shlex.join(seq)
