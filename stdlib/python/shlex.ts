"""Words as shells split them."""
import re

__all__ = ["shlex", "split", "quote", "join"]

_unsafe = re.compile(r"[^\w@%+=:,./-]", re.ASCII)


def quote(s):
    """The text as one word of a shell."""
    if not s:
        return "''"
    if _unsafe.search(s) is None:
        return s
    return "'" + s.replace("'", "'\"'\"'") + "'"


def join(split_command):
    return " ".join([quote(arg) for arg in split_command])


def split(s, comments=False, posix=True):
    """The words of a command line."""
    if s is None:
        raise ValueError("s argument must not be None")
    out, word, have = [], [], False
    i, n = 0, len(s)
    while i < n:
        c = s[i]
        i += 1
        if c in " \t\r\n":
            if have:
                out.append("".join(word))
                word, have = [], False
        elif c == "#" and comments and not have:
            while i < n and s[i] != "\n":
                i += 1
        elif c == "\\" and posix:
            if i == n:
                raise ValueError("No escaped character")
            word.append(s[i])
            have = True
            i += 1
        elif c in "'\"":
            have = True
            if not posix:
                word.append(c)
            while True:
                if i == n:
                    raise ValueError("No closing quotation")
                d = s[i]
                i += 1
                if d == c:
                    break
                if d == "\\" and c == '"' and posix and i < n and s[i] in '"\\':
                    d = s[i]
                    i += 1
                word.append(d)
            if not posix:
                word.append(c)
        else:
            word.append(c)
            have = True
    if have:
        out.append("".join(word))
    return out


class shlex:
    """The words of a text, one after the other."""

    def __init__(self, instream=None, infile=None, posix=False, punctuation_chars=False):
        text = instream if isinstance(instream, str) else instream.read()
        self._words = iter(split(text, True, posix))

    def get_token(self):
        return next(self._words, None)

    def __iter__(self):
        return self._words

    def __next__(self):
        return next(self._words)
