# Forms of import.
import math
import sys, os.path
import os.path as path, math as m
from math import pi, sqrt as root
from math import (floor, ceil,)
from os import path as p2

print(math.floor(2.5), m is math, root(16), floor(1.5), ceil(1.5), round(pi, 3))  # expect: 2 True 4.0 1 2 3.142
print(path is os.path, p2 is path, os.path.join("a", "b"))  # expect: True True a/b


def local():
    import math as inner
    from math import floor as fl
    return inner is math, fl(3.7)


print(local())  # expect: (True, 3)


class C:
    import math
    from math import pi as PI


print(C.math is math, C.PI == pi)  # expect: True True
try:
    import no_such_module
except ImportError as e:
    print(type(e).__name__, e)  # expect: ModuleNotFoundError No module named 'no_such_module'
try:
    from math import no_such_name
except ImportError as e:
    print(type(e).__name__, str(e).split(" (")[0])  # expect: ImportError cannot import name 'no_such_name' from 'math'


def star_names():
    ns = {}
    exec("from math import *", ns)
    return ns["floor"](2.5), "__doc__" in ns


print(star_names())  # expect: (2, False)
from math import *

print(floor(3.2), hypot(3, 4))  # expect: 3 5.0
try:
    import math.nothing
except ImportError as e:
    print(e)  # expect: No module named 'math.nothing'; 'math' is not a package
print("math" in sys.modules, __name__)  # expect: True __main__
