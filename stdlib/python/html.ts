"""Escapes of HTML."""
import re

_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'", "nbsp": "\xa0", "copy": "\xa9", "reg": "\xae", "deg": "\xb0",
          "plusmn": "\xb1", "middot": "\xb7", "times": "\xd7", "divide": "\xf7", "laquo": "\xab", "raquo": "\xbb", "ndash": "\u2013",
          "mdash": "\u2014", "lsquo": "\u2018", "rsquo": "\u2019", "ldquo": "\u201c", "rdquo": "\u201d", "bull": "\u2022",
          "hellip": "\u2026", "euro": "\u20ac", "trade": "\u2122", "larr": "\u2190", "rarr": "\u2192", "pound": "\xa3", "yen": "\xa5",
          "cent": "\xa2", "sect": "\xa7", "para": "\xb6", "iexcl": "\xa1", "iquest": "\xbf", "szlig": "\xdf", "agrave": "\xe0",
          "aacute": "\xe1", "acirc": "\xe2", "atilde": "\xe3", "auml": "\xe4", "aring": "\xe5", "aelig": "\xe6", "ccedil": "\xe7",
          "egrave": "\xe8", "eacute": "\xe9", "ecirc": "\xea", "euml": "\xeb", "igrave": "\xec", "iacute": "\xed", "icirc": "\xee",
          "iuml": "\xef", "ntilde": "\xf1", "ograve": "\xf2", "oacute": "\xf3", "ocirc": "\xf4", "otilde": "\xf5", "ouml": "\xf6",
          "oslash": "\xf8", "ugrave": "\xf9", "uacute": "\xfa", "ucirc": "\xfb", "uuml": "\xfc", "yacute": "\xfd", "yuml": "\xff",
          "Auml": "\xc4", "Ouml": "\xd6", "Uuml": "\xdc", "Eacute": "\xc9", "Agrave": "\xc0", "Ccedil": "\xc7", "Ntilde": "\xd1",
          "alpha": "\u03b1", "beta": "\u03b2", "gamma": "\u03b3", "delta": "\u03b4", "lambda": "\u03bb", "mu": "\u03bc", "pi": "\u03c0",
          "sigma": "\u03c3", "omega": "\u03c9", "infin": "\u221e", "ne": "\u2260", "le": "\u2264", "ge": "\u2265", "sum": "\u2211"}


def escape(s, quote=True):
    """Replaces & < > (and quotes) by names."""
    s = s.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return s.replace('"', "&quot;").replace("'", "&#x27;") if quote else s


def _character(match):
    text = match.group(1)
    if text[0] == "#":
        digits = text[1:].rstrip(";")
        code = int(digits[1:], 16) if digits[0] in "xX" else int(digits)
        if code == 0 or 0xd800 <= code < 0xe000 or code > 0x10ffff:
            return "\ufffd"
        return chr(code)
    name = text.rstrip(";")
    return _NAMED[name] if name in _NAMED else "&" + text


def unescape(s):
    """Replaces names and numbers of characters by the characters."""
    if "&" not in s:
        return s
    return re.sub(r"&(#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[a-zA-Z][a-zA-Z0-9]*;)", _character, s)
