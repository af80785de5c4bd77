"""Passwords, and the user's name."""
import os
import sys

__all__ = ["getpass", "getuser", "GetPassWarning"]


class GetPassWarning(UserWarning):
    pass


def getpass(prompt="Password: ", stream=None):
    """Reads a line without showing it, if the input is a terminal."""
    hide = sys.stdin is not None and sys.stdin.isatty()
    print(prompt, end="", file=stream or sys.stderr, flush=True)
    if hide:
        os.system("stty -echo")
    try:
        line = sys.stdin.readline()
    finally:
        if hide:
            os.system("stty echo")
            print(file=stream or sys.stderr)
    if not line:
        raise EOFError
    return line.rstrip("\n")


def getuser():
    """The name of the user who runs the program."""
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        user = os.environ.get(name)
        if user:
            return user
    with open("/etc/passwd") as f:
        for line in f:
            fields = line.split(":")
            if len(fields) > 2 and fields[2] == str(os.getuid()):
                return fields[0]
    raise OSError("the user's name is not known")
