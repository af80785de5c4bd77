"""Handlers of signals."""
import enum
import os

import _signal


class Signals(enum.IntEnum):
    SIGHUP, SIGINT, SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGKILL, SIGUSR1 = range(1, 11)
    SIGSEGV, SIGUSR2, SIGPIPE, SIGALRM, SIGTERM, SIGSTKFLT, SIGCHLD, SIGCONT, SIGSTOP, SIGTSTP = range(11, 21)
    SIGTTIN, SIGTTOU, SIGURG, SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF, SIGWINCH, SIGIO, SIGPWR, SIGSYS = range(21, 32)


class Handlers(enum.IntEnum):
    SIG_DFL = 0
    SIG_IGN = 1


globals().update(Signals.__members__)
SIG_DFL, SIG_IGN = Handlers.SIG_DFL, Handlers.SIG_IGN
ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF = 0, 1, 2
NSIG = 65
ItimerError = OSError


def default_int_handler(signalnum, frame):
    raise KeyboardInterrupt


_handlers = {2: default_int_handler}


def signal(signalnum, handler):
    """Sets what happens when the signal comes; gives what was set before."""
    if not callable(handler) and handler not in (SIG_DFL, SIG_IGN):
        raise TypeError("signal handler must be signal.SIG_IGN, signal.SIG_DFL, or a callable object")
    number = int(signalnum)
    before = _handlers.get(number, SIG_DFL)
    _signal.set(number, int(handler) if handler in (SIG_DFL, SIG_IGN) else handler)
    _handlers[number] = handler
    return before


def getsignal(signalnum):
    return _handlers.get(int(signalnum), SIG_DFL)


def alarm(seconds):
    return _signal.alarm(seconds)


def setitimer(which, seconds, interval=0.0):
    return _signal.setitimer(which, seconds, interval)


def getitimer(which):
    raise NotImplementedError("signal.getitimer")


def pause():
    _signal.pause()


def raise_signal(signalnum):
    os.kill(os.getpid(), int(signalnum))


def strsignal(signalnum):
    return _signal.strsignal(int(signalnum))


def valid_signals():
    return {Signals(i) for i in range(1, 32)}


def siginterrupt(signalnum, flag):
    pass
