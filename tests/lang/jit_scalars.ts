# Integer and float arithmetic in hot loops: overflow to big integers, division, shifts, comparisons with nan.


def total(n):
    s = 0
    for i in range(n):
        s += i * i
    return s


print(total(3000))  # expect: 8995500500
print(total(5000))  # expect: 41654167500


def grow(n):
    x = 1
    for _ in range(n):
        x = x * 3
    return x


for _ in range(300):
    grow(10)
print(grow(39))  # expect: 4052555153018976267
print(grow(41))  # expect: 36472996377170786403
print(grow(45))  # expect: 2954312706550833698643


def divisions(n, d):
    q = 0
    r = 0
    for i in range(-n, n):
        q += i // d
        r += i % d
    return q, r


print(divisions(1500, 7))  # expect: (-1500, 9000)
print(divisions(1500, -7))  # expect: (-1071, -8997)
print(divisions(1500, 8))  # expect: (-1500, 10500)


def failing(n, at):
    s = 0.0
    for i in range(n):
        s += 10.0 / (i - at)
    return s


print("%.6f" % failing(3000, -1))  # expect: 85.837499
try:
    failing(5000, 4000)
except ZeroDivisionError as e:
    print("caught", e)  # expect: caught float division by zero


def shifts(n):
    x = 0
    for i in range(n):
        x = (x << 1) ^ (i & 255)
        x &= 0xFFFFFFFF
        x |= x >> 3
    return x


print(shifts(3000))  # expect: 4294967277


def count_less(values, limit):
    n = 0
    for v in values:
        if v < limit:
            n += 1
        elif v != v:
            n += 100
    return n


nan = float("nan")
print(count_less([0.5, nan, 2.0] * 1000, 1.0))  # expect: 101000


def changes_type(n):
    x = 0
    for i in range(n):
        if i == n - 10:
            x = 0.5
        x += 1
    return x


print(changes_type(4000))  # expect: 10.5
print(changes_type(4000))  # expect: 10.5


def powers(n):
    s = 0
    t = 0.0
    for i in range(n):
        s += (i % 10) ** 3
        t += (i % 10) ** 0.5
    return s, round(t, 6)


print(powers(3000))  # expect: (607500, 5791.800158)


def down(n):
    out = []
    for i in range(n, 0, -3):
        out.append(i)
    return len(out), out[-1]


print(down(9000))  # expect: (3000, 3)
