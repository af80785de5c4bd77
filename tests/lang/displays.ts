# Displays, slices, f-strings, constants, order of evaluation.
log = []


def n(x):
    log.append(x)
    return x


def logged(value):
    out = value, "".join(str(x) for x in log)
    log.clear()
    return out


a, b = [1, 2], (3,)
print([*a, 0, *b], (*a, *b), {*a, *b, 1}, [*"xy", *{}], (*[],))  # expect: [1, 2, 0, 3] (1, 2, 3) {1, 2, 3} ['x', 'y'] ()
print({**{"a": 1, "b": 2}, "b": 3, **{"c": 4}, "a": 5})  # expect: {'a': 5, 'b': 3, 'c': 4}
print({"x": 1, "x": 2}, {1: "a", 1.0: "b", True: "c"})  # expect: {'x': 2} {1: 'c'}
print(logged({n(1): n(2), n(3): n(4)}))  # expect: ({1: 2, 3: 4}, '1234')
print(logged([n(1), *[n(2)], n(3)]))  # expect: ([1, 2, 3], '123')
print(logged((n(1) + n(2)) * n(3) - -n(4)))  # expect: (13, '1234')
print(logged(n(2) ** n(3) ** n(0)))  # expect: (2, '230')
print(logged(n(1) if n(0) else n(2)))  # expect: (2, '02')
print(logged(n([1, 2, 3])[n(0):n(2):n(1)]))  # expect: ([1, 2], '[1, 2, 3]021')
print(logged({n(1), n(2)} | {n(3)}))  # expect: ({1, 2, 3}, '123')
print(logged((lambda x, y=n("d"): x)(n(1))))  # expect: (1, 'd1')
print(logged(f"{n(1)}{n(2)!r}{n(3):>{n(4)}}"))  # expect: ('12   3', '1234')


def bad_item():
    return {[]: n("later")}


try:
    bad_item()
except TypeError as e:
    print(e, logged(0))  # expect: unhashable type: 'list' (0, 'later')
try:
    {**5}
except TypeError as e:
    print(e)  # expect: 'int' object is not a mapping
try:
    [*5]
except TypeError as e:
    print(e)  # expect: Value after * must be an iterable, not int
s = "abcdefgh"
print(s[1:3], s[:2], s[6:], s[:], s[::2], s[::-1], s[-3:-1], s[5:2], s[100:], s[2])  # expect: bc ab gh abcdefgh aceg hgfedcba fg   c


class Keys:
    def __getitem__(self, k):
        return k


k = Keys()
print(k[1], k[1:2], k[1:2:3], k[:], k[::], k[1, 2], k[1:2, 3], k[...], k[..., None], k[()], k[(1,)], k[*a, 3])  # expect: 1 slice(1, 2, None) slice(1, 2, 3) slice(None, None, None) slice(None, None, None) (1, 2) (slice(1, 2, None), 3) Ellipsis (Ellipsis, None) () (1,) (1, 2, 3)
x, y, w = 3.14159, "hi", 8
print(f"{x}", f"{x:.2f}", f"{x!r}", f"{y!r:>6}", f"{y!s}", f"{'é'!a}", f"{x:{w}.{2}f}", f"{{}}", f"{y}" "tail")  # expect: 3.14159 3.14 3.14159   'hi' hi '\xe9'     3.14 {} hitail
print(f"{x=}", f"{x = }", f"{y=!s}", f"{x=:.1f}", f"{1 + 1=}")  # expect: x=3.14159 x = 3.14159 y=hi x=3.1 1 + 1=2
print(f"{'nested ' + f'{y}'}", f"{[i for i in range(3)]}", f"{ {'k': 1}['k'] }", f"{(lambda: 5)()}")  # expect: nested hi [0, 1, 2] 1 5
print(f"a{1}b{2}c", f"", f"{''}", rf"\n{y}", f"\x41{y}\n".strip())  # expect: a1b2c   \nhi Ahi
print("con" "cat" 'ed', b"by" b"tes", r"\raw")  # expect: concated b'bytes' \raw
long = """multi
line"""
print(long.replace("\n", "/"))  # expect: multi/line
print(0x10, 0o17, 0b101, 1_000, 1e3, 1.5e-3, .5, 5., 2j, 1 + 2j, 10 ** 20, -5, --5, ~5, +5)  # expect: 16 15 5 1000 1000.0 0.0015 0.5 5.0 2j (1+2j) 100000000000000000000 -5 5 -6 5
print(123456789012345678901234567890, -9223372036854775808, 9223372036854775807 + 1, 0xffffffffffffffff)  # expect: 123456789012345678901234567890 -9223372036854775808 9223372036854775808 18446744073709551615
print(True, False, None, ..., __debug__, (), (1,), [], {}, set())  # expect: True False None Ellipsis True () (1,) [] {} set()
print(1 + 2 * 3 - 4 / 2, 7 // 2, -7 // 2, 7 % -3, 2 ** -1, -2 ** 2, (-2) ** 2, 1 << 3 | 1, 6 & 3 ^ 1, not 1 == 2)  # expect: 5.0 3 -4 -2 0.5 -4 4 9 3 True
print((1, 2) + (3,), [1] * 3, "ab" * 2, "a" "b" in "cabd", [1, 2] == [1, 2], (1, 2) < (1, 3))  # expect: (1, 2, 3) [1, 1, 1] abab True True True
big = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]
big.append(20)
print(len(big), sum(big), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10] is not [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10])  # expect: 21 210 True


def fresh():
    return [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]


fresh().append(11)
print(fresh())  # expect: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
names = {"alpha": [1, {"beta": (2, {"gamma": 3})}]}
print(names["alpha"][1]["beta"][1]["gamma"])  # expect: 3
names["alpha"][1]["beta"][1]["gamma"] += 1
print(names)  # expect: {'alpha': [1, {'beta': (2, {'gamma': 4})}]}
i = [0, 1, 2]
i[i[1]], i[i[0]] = "x", "y"
print(i)  # expect: ['y', 'x', 2]
chain = 1 < 2 == 2 != 3 >= 3 in [3] is not None
print(chain)  # expect: True
print((lambda *a, **k: (a, k))(*a, *b, x=1, **{"y": 2}))  # expect: ((1, 2, 3), {'x': 1, 'y': 2})
(c) = (d) = 1
print(c, d)  # expect: 1 1
print(1, *[2, 3], sep="-")  # expect: 1-2-3
print("%s is %d and %.1f" % ("x", 3, 2.25), "{} {k}".format(1, k=2), "%(a)s" % {"a": 1})  # expect: x is 3 and 2.2 1 2 1
if (q := len("four")) == 4: print(q)  # expect: 4
print([(r := 5), r + 1], (t := 1, 2), t)  # expect: [5, 6] (1, 2) 1
print("a" if 0 else "b" if 1 else "c", (1 if 1 else 2) + 1)  # expect: b 2
e = 1,
print(e, type(e).__name__)  # expect: (1,) tuple
print(not not [], not [] and 1, not 0 or 1 / 0)  # expect: False 1 True
