"""Encodings."""
import io

BOM_UTF8 = b"\xef\xbb\xbf"
BOM_UTF16_LE = BOM_LE = b"\xff\xfe"
BOM_UTF16_BE = BOM_BE = b"\xfe\xff"
BOM = BOM_UTF16 = BOM_UTF16_LE
BOM_UTF32_LE = b"\xff\xfe\x00\x00"
BOM_UTF32_BE = b"\x00\x00\xfe\xff"
BOM_UTF32 = BOM_UTF32_LE


def encode(obj, encoding="utf-8", errors="strict"):
    if encoding in ("hex", "hex_codec"):
        return bytes(obj).hex().encode()
    if encoding in ("base64", "base64_codec"):
        import base64
        return base64.encodebytes(obj)
    if encoding in ("rot13", "rot_13"):
        return _rot13(obj)
    return obj.encode(encoding, errors)


def decode(obj, encoding="utf-8", errors="strict"):
    if encoding in ("hex", "hex_codec"):
        import binascii
        return binascii.unhexlify(obj)
    if encoding in ("base64", "base64_codec"):
        import base64
        return base64.decodebytes(obj)
    if encoding in ("rot13", "rot_13"):
        return _rot13(obj)
    return obj.decode(encoding, errors)


def _rot13(text):
    out = []
    for c in text:
        if "a" <= c <= "z":
            c = chr((ord(c) - 84) % 26 + 97)
        elif "A" <= c <= "Z":
            c = chr((ord(c) - 52) % 26 + 65)
        out.append(c)
    return "".join(out)


class CodecInfo:
    """The functions of an encoding."""

    def __init__(self, name):
        self.name = name

    def encode(self, text, errors="strict"):
        return text.encode(self.name, errors), len(text)

    def decode(self, data, errors="strict"):
        return bytes(data).decode(self.name, errors), len(data)

    def __repr__(self):
        return f"<codecs.CodecInfo object for encoding {self.name} at {hex(id(self))}>"


_NAMES = {"utf8": "utf-8", "u8": "utf-8", "utf_8": "utf-8", "utf-8": "utf-8", "latin1": "iso8859-1", "latin-1": "iso8859-1",
          "iso-8859-1": "iso8859-1", "l1": "iso8859-1", "ascii": "ascii", "us-ascii": "ascii", "utf-16": "utf-16",
          "utf16": "utf-16", "utf-32": "utf-32", "utf32": "utf-32"}


def lookup(encoding):
    "".encode(encoding)
    return CodecInfo(_NAMES.get(encoding.lower(), encoding.lower()))


def getencoder(encoding):
    return lookup(encoding).encode


def getdecoder(encoding):
    return lookup(encoding).decode


def open(filename, mode="r", encoding=None, errors="strict", buffering=-1):
    """Opens a file with an encoding, without changing its ends of lines."""
    if encoding is None:
        return io.open(filename, mode)
    return io.open(filename, mode.replace("b", ""), encoding=encoding, errors=errors, newline="")


def getreader(encoding):
    raise NotImplementedError("codecs.getreader")


def getwriter(encoding):
    raise NotImplementedError("codecs.getwriter")


def register_error(name, error_handler):
    raise NotImplementedError("codecs.register_error")
