"""Bytes as text: base 64, 32, 16, 85."""
import binascii

__all__ = ["encode", "decode", "encodebytes", "decodebytes", "b64encode", "b64decode", "b32encode", "b32decode",
           "b16encode", "b16decode", "a85encode", "a85decode", "b85encode", "b85decode", "standard_b64encode",
           "standard_b64decode", "urlsafe_b64encode", "urlsafe_b64decode"]


def _as_bytes(s):
    if isinstance(s, str):
        if not s.isascii():
            raise ValueError("string argument should contain only ASCII characters")
        return s.encode("ascii")
    if isinstance(s, (bytes, bytearray)):
        return bytes(s)
    raise TypeError("argument should be a bytes-like object or ASCII string, not %r" % s.__class__.__name__)


def b64encode(s, altchars=None):
    encoded = binascii.b2a_base64(s, newline=False)
    if altchars is not None:
        return encoded.translate(bytes.maketrans(b"+/", altchars))
    return encoded


def b64decode(s, altchars=None, validate=False):
    s = _as_bytes(s)
    if altchars is not None:
        s = s.translate(bytes.maketrans(_as_bytes(altchars), b"+/"))
    return binascii.a2b_base64(s, strict_mode=validate)


def standard_b64encode(s):
    return b64encode(s)


def standard_b64decode(s):
    return b64decode(s)


def urlsafe_b64encode(s):
    return b64encode(s, b"-_")


def urlsafe_b64decode(s):
    return b64decode(s, b"-_")


_BASE32 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def b32encode(s):
    s = bytes(s)
    out = bytearray()
    for i in range(0, len(s), 5):
        part = s[i:i + 5]
        n = int.from_bytes(part + bytes(5 - len(part)), "big")
        text = bytes([_BASE32[n >> shift & 31] for shift in range(35, -1, -5)])
        keep = {1: 2, 2: 4, 3: 5, 4: 7, 5: 8}[len(part)]
        out += text[:keep] + b"=" * (8 - keep)
    return bytes(out)


def b32decode(s, casefold=False, map01=None):
    s = _as_bytes(s)
    if len(s) % 8:
        raise binascii.Error("Incorrect padding")
    if casefold:
        s = s.upper()
    digits = s.rstrip(b"=")
    padding = len(s) - len(digits)
    n, out = 0, b""
    for c in digits:
        place = _BASE32.find(bytes([c]))
        if place < 0:
            raise binascii.Error("Non-base32 digit found")
        n = n << 5 | place
    n <<= 5 * padding
    out = n.to_bytes(len(s) * 5 // 8, "big")
    if padding not in (0, 1, 3, 4, 6):
        raise binascii.Error("Incorrect padding")
    return out[:len(out) - {0: 0, 1: 1, 3: 2, 4: 3, 6: 4}[padding]]


def b16encode(s):
    return bytes(s).hex().upper().encode()


def b16decode(s, casefold=False):
    s = _as_bytes(s)
    if casefold:
        s = s.upper()
    for c in s:
        if c not in b"0123456789ABCDEF":
            raise binascii.Error("Non-base16 digit found")
    return binascii.unhexlify(s)


_BASE85 = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"


def _groups85(b, alphabet, pad):
    b = bytes(b)
    out = bytearray()
    for i in range(0, len(b), 4):
        part = b[i:i + 4]
        n = int.from_bytes(part + bytes(4 - len(part)), "big")
        text = bytearray()
        for _ in range(5):
            n, rest = divmod(n, 85)
            text.insert(0, alphabet[rest])
        out += text if pad else text[:len(part) + 1]
    return bytes(out)


def b85encode(b, pad=False):
    return _groups85(b, _BASE85, pad)


def b85decode(b):
    b = _as_bytes(b)
    missing = -len(b) % 5
    b += b"~" * missing
    out = bytearray()
    for i in range(0, len(b), 5):
        n = 0
        for k, c in enumerate(b[i:i + 5]):
            place = _BASE85.find(bytes([c]))
            if place < 0:
                raise ValueError("bad base85 character at position %d" % (i + k))
            n = n * 85 + place
        if n > 0xffffffff:
            raise ValueError("base85 overflow in hunk starting at byte %d" % i)
        out += n.to_bytes(4, "big")
    return bytes(out[:len(out) - missing])


def a85encode(b, *, foldspaces=False, wrapcol=0, pad=False, adobe=False):
    alphabet = bytes(range(33, 118))
    b = bytes(b)
    out = bytearray()
    for i in range(0, len(b), 4):
        part = b[i:i + 4]
        if part == b"\0\0\0\0":
            out += b"z"
        elif foldspaces and part == b"    ":
            out += b"y"
        else:
            out += _groups85(part, alphabet, pad)
    if adobe:
        return b"<~" + bytes(out) + b"~>"
    return bytes(out)


def a85decode(b, *, foldspaces=False, adobe=False, ignorechars=b" \t\n\r\v"):
    b = _as_bytes(b)
    if adobe:
        if not b.endswith(b"~>"):
            raise ValueError("Ascii85 encoded byte sequences must end with b'~>'")
        b = b[2:-2] if b.startswith(b"<~") else b[:-2]
    out, group = bytearray(), []

    def flush():
        n = 0
        for x in group:
            n = n * 85 + x
        if n > 0xffffffff:
            raise ValueError("Ascii85 overflow")
        out.extend(n.to_bytes(4, "big"))
        group.clear()

    for c in b:
        if 33 <= c <= 117:
            group.append(c - 33)
            if len(group) == 5:
                flush()
        elif c == 122:
            if group:
                raise ValueError("z inside Ascii85 5-tuple")
            out.extend(b"\0\0\0\0")
        elif foldspaces and c == 121:
            out.extend(b"    ")
        elif c not in ignorechars:
            raise ValueError("Non-Ascii85 digit found: %c" % c)
    missing = -len(group) % 5
    if group:
        group.extend([84] * missing)
        flush()
        return bytes(out[:len(out) - missing])
    return bytes(out)


def encodebytes(s):
    out = []
    for i in range(0, len(s), 57):
        out.append(binascii.b2a_base64(s[i:i + 57]))
    return b"".join(out)


def decodebytes(s):
    return binascii.a2b_base64(s)


def encode(input, output):
    output.write(encodebytes(input.read()))


def decode(input, output):
    output.write(decodebytes(input.read()))
