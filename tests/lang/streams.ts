# Streams over streams, the abstract classes of io, usage lines of argparse.
import argparse
import gzip
import io
import sys


def error(f):
    try:
        return f()
    except Exception as e:
        return f"{type(e).__name__}: {e}"


raw = io.BytesIO("é\r\nline2\nlast".encode())
text = io.TextIOWrapper(raw, encoding="utf-8")
print(repr(text.readline()), repr(text.read(3)), list(text), text.encoding, isinstance(text, io.TextIOBase))  # expect: 'é\n' 'lin' ['e2\n', 'last'] utf-8 True
raw = io.BytesIO()
text = io.TextIOWrapper(raw, encoding="utf-8", newline="\r\n")
print(text.write("a\nb"), raw.getvalue(), text.flush(), raw.getvalue(), text.detach() is raw)  # expect: 3 b'' None b'a\r\nb' True
packed = io.BytesIO(gzip.compress(b"x\ny\n"))
print([line for line in io.TextIOWrapper(gzip.GzipFile(fileobj=packed))], error(lambda: io.TextIOWrapper(io.BytesIO(), encoding="nope")))  # expect: ['x\n', 'y\n'] LookupError: unknown encoding: nope


class Tee(io.TextIOBase):
    def __init__(self, *streams):
        self.streams = streams

    def write(self, text):
        for s in self.streams:
            s.write(text)
        return len(text)


class Source(io.RawIOBase):
    def __init__(self, data):
        self.data = data

    def readinto(self, buffer):
        part = self.data[:len(buffer)]
        buffer[:len(part)] = part
        self.data = self.data[len(part):]
        return len(part)


copy, stdout = io.StringIO(), sys.stdout
sys.stdout = Tee(stdout, copy)
print("teed")  # expect: teed
sys.stdout = stdout
print(repr(copy.getvalue()), isinstance(copy, io.IOBase), isinstance(open("/dev/null", "rb"), io.BufferedIOBase), Source(b"a\nb").readline(), Source(b"abc").read())  # expect: 'teed\n' True True b'a\n' b'abc'
data, buffer = io.BytesIO(b"abcdefgh"), bytearray(4)
print(data.readinto(buffer), buffer, data.read1(2), data.getbuffer().nbytes, data.getbuffer()[:2].tobytes())  # expect: 4 bytearray(b'abcd') b'ef' 8 b'ab'
p = argparse.ArgumentParser(prog="P")
g = p.add_mutually_exclusive_group()
g.add_argument("-a")
p.add_argument("-x", action="store_true")
g.add_argument("-b")
h = p.add_mutually_exclusive_group(required=True)
h.add_argument("--c", action="store_true")
h.add_argument("--e", choices=["q", "r"], type=str)
print(p.format_usage().strip())  # expect: usage: P [-h] [-a A] [-x] [-b B] (--c | --e {q,r})
print(error(lambda: p.add_argument("--m", nargs=2, metavar=("A",))), error(lambda: p.add_argument("--n", nargs="zz")))  # expect: ValueError: length of metavar tuple does not match nargs ValueError: invalid nargs value
p.add_argument("--when", type=eval, default=3)
print(p.parse_args(["--c", "--when", "(1, 2)"]), argparse._StoreAction.__name__)  # expect: Namespace(a=None, x=False, b=None, c=True, e=None, when=(1, 2)) _StoreAction
sys.stdout = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", line_buffering=True)
print("wrapped again: é")  # expect: wrapped again: é
