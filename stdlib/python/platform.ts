"""The machine and the interpreter."""
import collections
import os
import sys

_uname = collections.namedtuple("uname_result", "system node release version machine processor")


def uname():
    u = os.uname()
    return _uname(u.sysname, u.nodename, u.release, u.version, u.machine, "")


def system():
    return uname().system


def node():
    return uname().node


def release():
    return uname().release


def version():
    return uname().version


def machine():
    return uname().machine


def processor():
    return ""


def architecture(executable=sys.executable, bits="", linkage=""):
    return ("64bit", "ELF")


def platform(aliased=False, terse=False):
    u = uname()
    if terse:
        return f"{u.system}-{u.release}-{u.machine}"
    return f"{u.system}-{u.release}-{u.machine}-with-glibc"


def python_version():
    return "%d.%d.%d" % tuple(sys.version_info)[:3]


def python_version_tuple():
    return tuple(python_version().split("."))


def python_implementation():
    return sys.implementation.name


def python_compiler():
    return ""


def python_build():
    return ("", "")


def libc_ver(executable=None, lib="", version=""):
    return ("glibc", "")
