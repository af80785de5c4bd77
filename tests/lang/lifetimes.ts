"""Variables of a function hold their values until it returns; temporaries, and what is deleted or replaced, go at once."""
import os
import tempfile
import weakref


class A:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print("del", self.name)


def variable():
    x = A("x")
    print("one")
    return 1


variable()
# expect: one
# expect: del x


def replaced():
    x = A("first")
    x = A("second")
    print("two")
    del x
    print("three")
    y = A("third")
    y = None
    A("temporary")
    print("four")


replaced()
# expect: del first
# expect: two
# expect: del second
# expect: three
# expect: del third
# expect: del temporary
# expect: four


def parameter(x, *more):
    print("in")


parameter(A("argument"), A("another"))
# expect: in
# expect: del argument
# expect: del another


def folder():
    d = tempfile.TemporaryDirectory()
    path = d.name
    print(os.path.isdir(path), os.path.isdir(path))
    return path


print(os.path.exists(folder()))
# expect: True True
# expect: False


def file():
    f = open(os.devnull)
    n = f.fileno()
    os.fstat(n)
    return len(os.read(n, 10))


print(file())
# expect: 0


def pair():
    a, b = A("a"), A("b")
    c, d = make(), [A("in a list")]
    r = weakref.ref(a)
    print(r() is not None)


def make():
    return A("made")


pair()
# expect: True
# expect: del a
# expect: del b
# expect: del made
# expect: del in a list


def by_exception():
    x = A("left by an exception")
    raise ValueError


try:
    by_exception()
except ValueError:
    pass
print("after")
# expect: del left by an exception
# expect: after


def in_try():
    try:
        x = A("in try")
        return 5
    finally:
        print("finally")


print(in_try())
# expect: finally
# expect: del in try
# expect: 5


def generator():
    x = A("of a generator")
    yield 1
    yield 2
    print("end")


print(list(generator()))
# expect: end
# expect: del of a generator
# expect: [1, 2]


def captured():
    x = A("captured")
    f = lambda: x.name
    print(f())


captured()
# expect: captured
# expect: del captured


def hot(n):
    x = A("hot")
    s = 0
    for i in range(n):
        s += i
    print(s)


hot(20000)
# expect: 199990000
# expect: del hot


class B:
    def __init__(self):
        self.a = A("inner")

    def name(self):
        return self.a.name


print(B().name())
# expect: del inner
# expect: inner
