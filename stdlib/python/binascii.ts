"""Bytes and text."""
import _binascii
from _binascii import crc32


class Error(ValueError):
    pass


class Incomplete(Exception):
    pass


def _bytes(data):
    if isinstance(data, str):
        if not data.isascii():
            raise ValueError("string argument should contain only ASCII characters")
        return data.encode("ascii")
    return bytes(data)


def b2a_base64(data, /, *, newline=True):
    return _binascii.to_base64(data, newline)


def a2b_base64(data, /, *, strict_mode=False):
    out = _binascii.from_base64(data, strict_mode)
    if isinstance(out, tuple):
        raise Error(out[0])
    return out


def hexlify(data, sep=None, bytes_per_sep=1):
    return (data.hex() if sep is None else data.hex(sep, bytes_per_sep)).encode("ascii")


b2a_hex = hexlify


def unhexlify(hexstr, /):
    data = _bytes(hexstr)
    if len(data) % 2:
        raise Error("Odd-length string")
    for c in data:
        if c not in b"0123456789abcdefABCDEF":
            raise Error("Non-hexadecimal digit found")
    return bytes.fromhex(data.decode("ascii"))


a2b_hex = unhexlify


def crc_hqx(data, value, /):
    for b in data:
        value ^= b << 8
        for _ in range(8):
            value = (value << 1 ^ 0x1021 if value & 0x8000 else value << 1) & 0xffff
    return value
