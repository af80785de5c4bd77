# The limit counts every call of the language, also those whose bodies native code has taken in.
depth = 0


def f(n):
    global depth
    depth = n
    return f(n + 1) + 1


for _ in range(4):
    try:
        f(0)
    except RecursionError as e:
        print(depth, e)
# expect: 998 maximum recursion depth exceeded
# expect: 998 maximum recursion depth exceeded
# expect: 998 maximum recursion depth exceeded
# expect: 998 maximum recursion depth exceeded


def g(n):
    if n == 0:
        return 0
    return 1 + g(n - 1)


for _ in range(2):
    for n in (100, 998, 999, 1500):
        try:
            print(n, g(n))
        except RecursionError as e:
            print(n, e)
# expect: 100 100
# expect: 998 998
# expect: 999 maximum recursion depth exceeded
# expect: 1500 maximum recursion depth exceeded
# expect: 100 100
# expect: 998 998
# expect: 999 maximum recursion depth exceeded
# expect: 1500 maximum recursion depth exceeded


class A:
    def m(self, n):
        global depth
        depth = n
        return self.m(n + 1)


for _ in range(3):
    try:
        A().m(0)
    except RecursionError as e:
        print(depth, e)
# expect: 998 maximum recursion depth exceeded
# expect: 998 maximum recursion depth exceeded
# expect: 998 maximum recursion depth exceeded
