"""What programs rarely ask sys for; sys takes it from here when it is first asked for."""

warnoptions = []
abiflags = ""
float_repr_style = "short"
platlibdir = "lib"
builtin_module_names = ("builtins", "gc", "itertools", "math", "sys", "time")


def excepthook(exctype, value, traceback, /):
    """Writes the exception with its traceback to sys.stderr."""
    from traceback import print_exception
    print_exception(exctype, value, traceback)


__excepthook__ = excepthook


def __displayhook__(value, /):
    import sys
    sys.displayhook(value)


def getfilesystemencodeerrors():
    return "surrogateescape"


def gettrace():
    return None


def getprofile():
    return None


def settrace(function, /):
    if function is not None:
        raise NotImplementedError("sys.settrace")


def setprofile(function, /):
    if function is not None:
        raise NotImplementedError("sys.setprofile")
