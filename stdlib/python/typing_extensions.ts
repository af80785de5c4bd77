"""What typing has, under the name by which older versions get it."""
from typing import *
from typing import (Annotated, Any, Callable, ClassVar, Final, Generic, Literal, NamedTuple, NoReturn, Optional, Protocol, TypedDict,
                    TypeVar, Union, cast, get_args, get_origin, get_type_hints, overload, runtime_checkable)

runtime = runtime_checkable


def final(f):
    return f


def override(f):
    f.__override__ = True
    return f


def deprecated(message, /, **kwargs):
    def mark(f):
        f.__deprecated__ = message
        return f

    return mark
