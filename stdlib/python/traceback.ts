"""Texts of exceptions and of where they came from."""

import sys

import _traceback

__all__ = ["FrameSummary", "StackSummary", "TracebackException", "extract_stack", "extract_tb", "format_exc",
           "format_exception", "format_exception_only", "format_list", "format_stack", "format_tb", "print_exc",
           "print_exception", "print_last", "print_list", "print_stack", "print_tb", "clear_frames", "walk_tb"]

_missing = object()


class FrameSummary:
    """One entry: the file, the line's number, the function's name and the line's text."""

    _text = None  # as a traceback shows it, marks below the line included; None: made from the rest

    def __init__(self, filename, lineno, name, line=None):
        self.filename = filename
        self.lineno = lineno
        self.name = name
        self.line = line

    def __iter__(self):
        return iter([self.filename, self.lineno, self.name, self.line])

    def __getitem__(self, index):
        return (self.filename, self.lineno, self.name, self.line)[index]

    def __len__(self):
        return 4

    def __eq__(self, other):
        if isinstance(other, (FrameSummary, tuple)):
            return tuple(self) == tuple(other)
        return NotImplemented

    def __repr__(self):
        return f"<FrameSummary file {self.filename}, line {self.lineno} in {self.name}>"


class StackSummary(list):
    def format(self):
        return format_list(self)


def _limited(entries, limit):
    if limit is None:
        limit = getattr(sys, "tracebacklimit", None)
    if limit is None:
        return entries
    return entries[:limit] if limit >= 0 else entries[limit:]


def _value_of(exc, value):
    """The exception of a call in any of the forms (exc), (type, value, tb)."""
    return exc if value is _missing else value


def _entries(text):
    """A traceback's text taken apart: one string an entry."""
    out = []
    for line in text.splitlines(True):
        if line.startswith("  File ") or line.startswith("  [Previous") or not out:
            out.append(line)
        else:
            out[-1] += line
    return out


def extract_tb(tb, limit=None):
    entries = [FrameSummary(*place) for place in _traceback.places(tb)]
    texts = _entries(_traceback.traceback_text(tb))
    if len(texts) == len(entries):  # no repetitions were left out
        for entry, text in zip(entries, texts):
            entry._text = text
    return StackSummary(_limited(entries, limit))


def walk_tb(tb):
    """The frames of a traceback with their lines, outermost first."""
    while tb is not None:
        yield tb.tb_frame, tb.tb_lineno
        tb = tb.tb_next


def extract_stack(f=None, limit=None):
    entries = [FrameSummary(*place) for place in _traceback.stack()[:-1]]
    if limit is not None:
        entries = entries[-limit:] if limit >= 0 else entries[:-limit]
    return StackSummary(entries)


def format_list(extracted_list):
    out = []
    for entry in extracted_list:
        shown = getattr(entry, "_text", None)
        if shown is not None:
            out.append(shown)
            continue
        filename, lineno, name, line = entry
        text = f'  File "{filename}", line {lineno}, in {name}\n'
        if line:
            text += f"    {line.strip()}\n"
        out.append(text)
    return out


def format_tb(tb, limit=None):
    if limit is None:
        return _entries(_traceback.traceback_text(tb))
    return format_list(extract_tb(tb, limit))


def format_stack(f=None, limit=None):
    entries = extract_stack(f)[:-1]
    if limit is not None:
        entries = entries[-limit:] if limit >= 0 else entries[:-limit]
    return format_list(entries)


def format_exception_only(exc, /, value=_missing):
    exc = _value_of(exc, value)
    if exc is None:
        return ["NoneType: None\n"]
    text = _traceback.last_lines(exc)
    if isinstance(exc, SyntaxError):
        return text.splitlines(True)
    return [text]


def _has_group(exc):
    """Whether it, or what it came from, is a group: then it is written with margins."""
    seen = []
    while exc is not None and not any(e is exc for e in seen):
        if isinstance(exc, BaseExceptionGroup):
            return True
        seen.append(exc)
        exc = exc.__cause__ if exc.__cause__ is not None or exc.__suppress_context__ else exc.__context__
    return False


def _chain(exc, limit, chain, seen):
    if not seen and _has_group(exc):
        return _traceback.exception_text(exc).splitlines(True)
    out = []
    seen.append(exc)
    if chain:
        cause, context = exc.__cause__, exc.__context__
        if cause is not None and not any(e is cause for e in seen):
            out += _chain(cause, limit, chain, seen)
            out.append("\nThe above exception was the direct cause of the following exception:\n\n")
        elif cause is None and context is not None and not exc.__suppress_context__ \
                and not any(e is context for e in seen):
            out += _chain(context, limit, chain, seen)
            out.append("\nDuring handling of the above exception, another exception occurred:\n\n")
    if exc.__traceback__ is not None:
        out.append("Traceback (most recent call last):\n")
        out += format_tb(exc.__traceback__, limit)
    return out + format_exception_only(exc)


def format_exception(exc, /, value=_missing, tb=_missing, limit=None, chain=True):
    exc = _value_of(exc, value)
    if exc is None:
        return ["NoneType: None\n"]
    return _chain(exc, limit, chain, [])


def print_exception(exc, /, value=_missing, tb=_missing, limit=None, file=None, chain=True):
    print("".join(format_exception(exc, value, tb, limit, chain)), file=file or sys.stderr, end="")


def format_exc(limit=None, chain=True):
    return "".join(format_exception(sys.exc_info()[1], limit=limit, chain=chain))


def print_exc(limit=None, file=None, chain=True):
    print(format_exc(limit, chain), file=file or sys.stderr, end="")


def print_last(limit=None, file=None, chain=True):
    if not hasattr(sys, "last_value"):
        raise ValueError("no last exception")
    print_exception(sys.last_value, limit=limit, file=file, chain=chain)


def print_tb(tb, limit=None, file=None):
    print("".join(format_tb(tb, limit)), file=file or sys.stderr, end="")


def print_list(extracted_list, file=None):
    print("".join(format_list(extracted_list)), file=file or sys.stderr, end="")


def print_stack(f=None, limit=None, file=None):
    entries = extract_stack(f)[:-1]
    if limit is not None:
        entries = entries[-limit:] if limit >= 0 else entries[:-limit]
    print_list(entries, file)


def clear_frames(tb):
    """Frames are not kept by tracebacks: nothing is to be cleared."""


class TracebackException:
    """An exception's text, taken when it was made."""

    def __init__(self, exc_type, exc_value, exc_traceback, *, limit=None, lookup_lines=True, capture_locals=False,
                 compact=False):
        self.exc_type = exc_type
        self.stack = extract_tb(exc_traceback, limit)
        self._str = str(exc_value)
        self._lines = format_exception(exc_value, limit=limit)
        self._own_lines = format_exception(exc_value, limit=limit, chain=False)
        self._last = format_exception_only(exc_value)

    @classmethod
    def from_exception(cls, exc, *args, **kwargs):
        return cls(type(exc), exc, exc.__traceback__, *args, **kwargs)

    def __str__(self):
        return self._str

    def format_exception_only(self):
        yield from self._last

    def format(self, *, chain=True):
        yield from self._lines if chain else self._own_lines

    def print(self, *, file=None, chain=True):
        for line in self.format(chain=chain):
            print(line, file=file or sys.stderr, end="")
