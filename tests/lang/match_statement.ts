# The match statement.
from dataclasses import dataclass
from enum import Enum


class Color(Enum):
    RED = 1
    BLUE = 2


@dataclass
class Point:
    x: int
    y: int


class Line:
    __match_args__ = ("start", "end")

    def __init__(self, start, end):
        self.start, self.end = start, end


def what(v):
    match v:
        case None:
            return "none"
        case True | False:
            return "bool"
        case 0 | 1:
            return "small"
        case -1:
            return "minus one"
        case 1 + 2j:
            return "complex"
        case "a" "b":
            return "text ab"
        case b"x":
            return "bytes"
        case Color.RED:
            return "red"
        case []:
            return "empty"
        case [x]:
            return f"one {x}"
        case [1, *rest]:
            return f"from 1, then {rest}"
        case [first, *_, last] if first == last:
            return f"ends alike {first}"
        case (a, b) | [a, b, _]:
            return f"two {a} {b}"
        case {"kind": "circle", "r": float(r) | int(r)}:
            return f"circle {r}"
        case {"kind": kind, **others}:
            return f"{kind} {others}"
        case Point(0, y=0):
            return "origin"
        case Point(x=px, y=py) as p if px == py:
            return f"diagonal {px} {p}"
        case Point(px, _):
            return f"point {px}"
        case Line(Point(x=sx), Point(x=ex)):
            return f"line {sx} {ex}"
        case str(text) if len(text) > 3:
            return f"long {text!r}"
        case str() | bytes():
            return "short"
        case int(n) | float(n):
            return f"number {n}"
        case other:
            return f"other {type(other).__name__}"


for v in (None, True, 0, 1, -1, 1 + 2j, "ab", b"x", Color.RED, Color.BLUE, [], [5], (1, 2, 3), [2, 3, 2], (7, 8), [7, 8, 9], [1, 2, 3, 4]):
    print(what(v), end="; ")
print()  # expect: none; bool; small; small; minus one; complex; text ab; bytes; red; other Color; empty; one 5; from 1, then [2, 3]; ends alike 2; two 7 8; two 7 8; from 1, then [2, 3, 4]; 
for v in ({"kind": "circle", "r": 2}, {"kind": "square", "a": 1}, {}, Point(0, 0), Point(3, 3), Point(4, 5), Line(Point(1, 2), Point(3, 4)), Line(1, 2), "long text", "abc", b"yy", 2.5, 7, range(2), {1}):
    print(what(v), end="; ")
print()  # expect: circle 2; square {'a': 1}; other dict; origin; diagonal 3 Point(x=3, y=3); point 4; line 1 3; other Line; long 'long text'; short; short; number 2.5; number 7; two 0 1; other set; 


# Names are bound when a pattern has matched as a whole, and stay bound.
match (1, (2, 3)):
    case (p, (q, 4)):
        print("no")
    case (p, (q, r)):
        print(p, q, r)  # expect: 1 2 3
match {"a": {"b": [10, 20]}}:
    case {"a": {"b": [_, second]}}:
        print(second)  # expect: 20
match = 5  # an ordinary name elsewhere
case = [match]
print(match, case)  # expect: 5 [5]


def run(commands):
    total = 0
    for c in commands:
        match c.split():
            case ["add", n] | ["plus", n]:
                total += int(n)
            case ["skip"]:
                continue
            case ["stop"]:
                break
            case [name, *args]:
                total -= len(args)
    return total


print(run(["add 5", "skip", "plus 7", "foo a b", "stop", "add 100"]))  # expect: 10


def attempt(f):
    try:
        f()
    except (TypeError, ValueError, SyntaxError) as e:
        print(e.msg if isinstance(e, SyntaxError) else e)


def too_many():
    match Point(1, 2):
        case Point(1, 2, 3):
            pass


def no_class():
    what = 5
    match 5:
        case what(1):
            pass


attempt(too_many)  # expect: Point() accepts 2 positional sub-patterns (3 given)
attempt(no_class)  # expect: called match pattern must be a type
for text in ("match x:\n  case a:\n    pass\n  case b:\n    pass", "match x:\n  case _ | 1:\n    pass", "match x:\n  case [a, a]:\n    pass",
             "match x:\n  case [1] | [a]:\n    pass", "match x:\n  case [*a, *b]:\n    pass", "match x:\n  case P(a=1, 2):\n    pass",
             "match x:\n  case 1 as _:\n    pass"):
    attempt(lambda: compile(text, "<s>", "exec"))
# expect: name capture 'a' makes remaining patterns unreachable
# expect: wildcard makes remaining patterns unreachable
# expect: multiple assignments to name 'a' in pattern
# expect: alternative patterns bind different names
# expect: multiple starred names in sequence pattern
# expect: positional patterns follow keyword patterns
# expect: cannot use '_' as a target
