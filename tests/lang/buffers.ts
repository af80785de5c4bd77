# memoryview, methods of bytes, instances of classes derived from bytes, reads into buffers.
import io

data = bytearray(b"abcdef")
m = memoryview(data)
print(m[0], m[1:3].tobytes(), len(m), m.nbytes, m.format, m.shape, m.strides, m.readonly, m.obj is data)  # expect: 97 b'bc' 6 6 B (6,) (1,) False True
m[0] = 90
m[1:3] = b"XY"
print(data, m == b"ZXYdef", m[::2].tolist(), m[::-1].tobytes(), m.hex(), bytes(m), list(m[4:]))  # expect: bytearray(b'ZXYdef') True [90, 89, 101] b'fedYXZ' 5a5859646566 b'ZXYdef' [101, 102]
numbers = memoryview(bytearray(16)).cast("i")
numbers[1] = -5
print(numbers.tolist(), numbers.itemsize, numbers.cast("B").nbytes, numbers[1:3].tolist())  # expect: [0, -5, 0, 0] 4 16 [-5, 0]
grid = memoryview(b"abcdef").cast("B", [2, 3])
print(grid.tolist(), grid[1, 2], grid.shape, grid.ndim, grid.strides)  # expect: [[97, 98, 99], [100, 101, 102]] 102 (2, 3) 2 (3, 1)
fixed = memoryview(b"abc")
for use in (lambda: fixed.__setitem__(0, 1), lambda: fixed[5], lambda: memoryview("a"), lambda: m.__setitem__(slice(0, 2), b"abc"),
            lambda: grid[0], lambda: numbers.__setitem__(0, "x"), lambda: m.__setitem__(0, 300), lambda: fixed.cast("i")):
    try:
        print(use())
    except Exception as e:
        print(type(e).__name__, e)
# expect: TypeError cannot modify read-only memory
# expect: IndexError index out of bounds on dimension 1
# expect: TypeError memoryview: a bytes-like object is required, not 'str'
# expect: ValueError memoryview assignment: lvalue and rvalue have different structures
# expect: NotImplementedError multi-dimensional sub-views are not implemented
# expect: TypeError memoryview: invalid type for format 'i'
# expect: ValueError memoryview: invalid value for format 'B'
# expect: TypeError memoryview: length is not a multiple of itemsize
