# Details of the standard library that differ easily: messages, early checks, rarely used members.
import collections
import copy
import dataclasses
import datetime
import enum
import functools
import os
import pickle
import pprint
import string
import sys
import textwrap
import traceback
import typing
import weakref
from collections.abc import ItemsView, MutableMapping, MutableSequence, Set
from contextlib import ExitStack


def error(f):
    try:
        return f()
    except Exception as e:
        return f"{type(e).__name__}: {e}"


# The names of some classes of the library in messages.
print(error(lambda: datetime.date(2020, 1, 1) + 1))  # expect: TypeError: unsupported operand type(s) for +: 'datetime.date' and 'int'
print(error(lambda: collections.deque().foo), collections.deque.__name__, collections.deque([1], 2))  # expect: AttributeError: 'collections.deque' object has no attribute 'foo' deque deque([1], maxlen=2)
print(error(lambda: {collections.deque(): 1}), error(lambda: datetime.timedelta(1) < 3), datetime.date.__name__)  # expect: TypeError: unhashable type: 'collections.deque' TypeError: '<' not supported between instances of 'datetime.timedelta' and 'int' date
# Collections.
text = collections.UserString("abc")
print(text.upper() + "d", type(text.upper()).__name__, text == "abc", len(text), "b" in text, isinstance(text, collections.abc.Sequence))  # expect: ABCd UserString True 3 True True
chain = collections.ChainMap({"a": 1}, {"a": 2, "b": 3})
print(chain.keys(), chain | {"c": 4}, {"z": 0} | chain, chain.copy().maps, isinstance(chain, MutableMapping))  # expect: KeysView(ChainMap({'a': 1}, {'a': 2, 'b': 3})) ChainMap({'a': 1, 'c': 4}, {'a': 2, 'b': 3}) ChainMap({'z': 0, 'a': 1, 'b': 3}) [{'a': 1}, {'a': 2, 'b': 3}] True
print(isinstance(collections.deque(), MutableSequence), isinstance(bytearray(), MutableSequence), (1, 2) in ItemsView({1: 2}))  # expect: True True True
ordered = collections.OrderedDict(a=1)
ordered["self"] = ordered
nested = collections.defaultdict(list, {"k": [1]})
print(ordered, {"x": 1} | nested, (collections.UserDict(a=1) | {"b": 2}).data)  # expect: OrderedDict([('a', 1), ('self', ...)]) defaultdict(<class 'list'>, {'x': 1, 'k': [1]}) {'a': 1, 'b': 2}


class Chars(Set):
    def __init__(self, items):
        self.items = sorted(set(items))

    def __contains__(self, x):
        return x in self.items

    def __iter__(self):
        return iter(self.items)

    def __len__(self):
        return len(self.items)


print(list({"a", "b", "q"} - Chars("bc") & {"a"}), sorted({"z"} | Chars("a")), Chars("ab") <= {"a", "b", "c"}, error(lambda: Chars("a") - 5))  # expect: ['a'] ['a', 'z'] True TypeError: unsupported operand type(s) for -: 'Chars' and 'int'
# Data classes.


@dataclasses.dataclass
class Base:
    x: int = 1
    late: int = dataclasses.field(default=7, init=False)


@dataclasses.dataclass
class Derived(Base):
    x: int
    tags: typing.List[str] = dataclasses.field(default_factory=list)
    kind: "typing.ClassVar[str]" = "k"


print(Derived(), Derived.__doc__, vars(Derived()), Derived.late)  # expect: Derived(x=1, late=7, tags=[]) Derived(x: int = 1, tags: List[str] = <factory>) {'x': 1, 'tags': []} 7
print(error(lambda: dataclasses.make_dataclass("C", ["a", "a"])), error(lambda: dataclasses.make_dataclass("C", ["class"])))  # expect: TypeError: Field name duplicated: 'a' TypeError: Field names must not be keywords: 'class'


@dataclasses.dataclass(frozen=True, slots=True, weakref_slot=True)
class Point:
    x: int
    y: int = 2


print(pickle.loads(pickle.dumps(Point(1))), Point.__slots__, weakref.ref(Point(1)) is not None, error(lambda: setattr(Point(1), "x", 3)))  # expect: Point(x=1, y=2) ('x', 'y', '__weakref__') True FrozenInstanceError: cannot assign to field 'x'
# Enumerations, typing.


class Color(enum.Enum):
    RED = 1


T = typing.TypeVar("T")


class Stack(typing.Generic[T]):
    pass


class Shape(typing.Protocol):
    def area(self): ...


UserId = typing.NewType("UserId", int)
print(error(lambda: Color.BLUE), error(lambda: setattr(Color.RED, "value", 2)), error(lambda: Stack[int, str]), error(lambda: Shape()))  # expect: AttributeError: BLUE AttributeError: <enum 'Enum'> cannot set attribute 'value' TypeError: Too many arguments for <class '__main__.Stack'>; actual 2, expected 1 TypeError: Protocols cannot be instantiated
print(Stack.__parameters__, typing.Union[int, str, None], typing.Dict[str, None], UserId)  # expect: (~T,) typing.Union[int, str, NoneType] typing.Dict[str, NoneType] __main__.UserId


@functools.singledispatch
def show(x):
    return "object"


@show.register
def _(x: int | float):
    return "number"


@show.register(collections.abc.Sequence)
def _(x):
    return "sequence"


print(show(1), show(1.5), show([1]), show({}))  # expect: number number sequence object
# Slots and weak references; subclasses of bytes and deque.


class Slotted:
    __slots__ = ("a",)


class Bytes(bytes):
    pass


class Ring(collections.deque):
    pass


class Owner:
    def method(self):
        return "called"


owner = Owner()
method = weakref.WeakMethod(owner.method)
raw, ring = Bytes(b"abc"), Ring([1, 2]) * 2
raw.note = ring.note = 5
print(error(lambda: weakref.ref(Slotted())), error(lambda: delattr(Slotted(), "a")), raw, raw.note, ring, ring.note, method()())  # expect: TypeError: cannot create weak reference to 'Slotted' object AttributeError: a b'abc' 5 Ring([1, 2, 1, 2]) 5 called
# Text.
wrapped = textwrap.wrap("A well-known state-of-the-art, em--dash (see x-ray) pseudo-random words.", 16)
print(wrapped, error(lambda: textwrap.wrap("abc def", 3, max_lines=1)))  # expect: ['A well-known', 'state-of-the-', 'art, em--dash', '(see x-ray)', 'pseudo-random', 'words.'] ValueError: placeholder too large for max width


class Percent(string.Template):
    delimiter = "%"
    idpattern = "[a-z]+"


print(Percent("%name is %{age} %% $x").substitute(name="a", age=3), Percent("%(x)").is_valid(), string.Template("$a ${b}").get_identifiers())  # expect: a is 3 % $x False ['a', 'b']
print(pprint.pformat({"k": bytearray(range(30))}, width=30).splitlines()[0], pprint.pformat("the quick brown fox jumped", width=19).splitlines()[0])  # expect: {'k': bytearray(b'\x00\x01\x02\x03' ('the quick brown '
print(error(lambda: f"{5:z}"), error(lambda: f"{5:,x}"), error(lambda: "%i" % None), error(lambda: "%.99999999999d" % 1), b"ab cd".title(), b"-5".zfill(4))  # expect: ValueError: Negative zero coercion (z) not allowed in integer format specifier ValueError: Cannot specify ',' with 'x'. TypeError: %i format: a real number is required, not NoneType ValueError: precision too big b'Ab Cd' b'-005'
# Exceptions.


def failing():
    try:
        with ExitStack() as stack:
            stack.callback(lambda: 1 / 0)
            raise KeyError("inner")
    except ZeroDivisionError as e:
        return repr(e.__context__)


def places():
    try:
        failing() + 1
    except TypeError as e:
        return traceback.format_list(traceback.extract_tb(e.__traceback__))[0].splitlines()[-1]


loop, other = {}, {}
loop["a"], other["a"] = loop, other
print(failing(), places(), error(lambda: loop == other))  # expect: KeyError('inner')     ~~~~~~~~~~^~~ RecursionError: maximum recursion depth exceeded in comparison


class Odd:
    def __complex__(self):
        return None

    total = property(doc="no getter")


class Whole(int):
    def __int__(self):
        return 42


print(error(lambda: complex(Odd())), error(lambda: Odd().total), error(lambda: setattr(Odd(), "total", 1)), int(Whole(7)), Whole(7) + 0)  # expect: TypeError: __complex__ returned non-complex (type NoneType) AttributeError: property 'total' of 'Odd' object has no getter AttributeError: property 'total' of 'Odd' object has no setter 42 7
# The system.
with os.popen("echo from a pipe") as pipe:
    print(pipe.read().strip(), os.WEXITSTATUS(os.system("exit 3")), sys.get_int_max_str_digits(), sys.gettrace())  # expect: from a pipe 3 4300 None
print(copy.copy(nested) is nested, copy.deepcopy({"f": len, "c": failing.__code__})["f"] is len, error(lambda: os.no_such_name))  # expect: False True AttributeError: module 'os' has no attribute 'no_such_name'
