"""Reading and writing comma-separated values."""
import io as _io

__all__ = ["QUOTE_MINIMAL", "QUOTE_ALL", "QUOTE_NONNUMERIC", "QUOTE_NONE", "Error", "Dialect", "excel", "excel_tab",
           "field_size_limit", "reader", "writer", "register_dialect", "get_dialect", "list_dialects", "Sniffer",
           "unregister_dialect", "DictReader", "DictWriter", "unix_dialect"]

QUOTE_MINIMAL, QUOTE_ALL, QUOTE_NONNUMERIC, QUOTE_NONE = 0, 1, 2, 3
_limit = 131072


class Error(Exception):
    __module__ = "_csv"


class Dialect:
    """How a file is written. Subclasses set these."""
    delimiter = None
    quotechar = None
    escapechar = None
    doublequote = None
    skipinitialspace = None
    lineterminator = None
    quoting = None

    def __init__(self):
        try:
            _Format(self, {})
        except TypeError as e:
            raise Error(str(e)) from None


class excel(Dialect):
    """What Excel writes."""
    delimiter = ","
    quotechar = '"'
    doublequote = True
    skipinitialspace = False
    lineterminator = "\r\n"
    quoting = QUOTE_MINIMAL


class excel_tab(excel):
    delimiter = "\t"


class unix_dialect(Dialect):
    delimiter = ","
    quotechar = '"'
    doublequote = True
    skipinitialspace = False
    lineterminator = "\n"
    quoting = QUOTE_ALL


_DEFAULTS = {"delimiter": ",", "quotechar": '"', "escapechar": None, "doublequote": True, "skipinitialspace": False,
             "lineterminator": "\r\n", "quoting": QUOTE_MINIMAL, "strict": False}


class _Format:
    """A dialect and what was given besides it, checked."""

    def __init__(self, dialect, options):
        if isinstance(dialect, str):
            dialect = get_dialect(dialect)
        for name in options:
            if name not in _DEFAULTS:
                raise TypeError(f"'{name}' is an invalid keyword argument for this function")
        for name, default in _DEFAULTS.items():
            value = options[name] if name in options else getattr(dialect, name, default)
            setattr(self, name, value)
        if not isinstance(self.delimiter, str):
            what = "NoneType" if self.delimiter is None else type(self.delimiter).__name__
            raise TypeError(f'"delimiter" must be string, not {what}')
        if len(self.delimiter) != 1:
            raise TypeError('"delimiter" must be a 1-character string')
        for name in ("quotechar", "escapechar"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, str):
                raise TypeError(f'"{name}" must be string or None, not {type(value).__name__}')
            if value is not None and len(value) != 1:
                raise TypeError(f'"{name}" must be a 1-character string')
        if not isinstance(self.quoting, int):
            raise TypeError('"quoting" must be an integer')
        if not 0 <= self.quoting <= 3:
            raise TypeError('bad "quoting" value')
        if self.quoting != QUOTE_NONE and not self.quotechar:
            if "quotechar" in options and "quoting" not in options:
                self.quoting = QUOTE_NONE
            else:
                raise TypeError("quotechar must be set if quoting enabled")
        if not isinstance(self.lineterminator, str):
            raise TypeError('"lineterminator" must be a string' if self.lineterminator is not None
                            else "lineterminator must be set")
        self.doublequote = bool(self.doublequote)
        self.skipinitialspace = bool(self.skipinitialspace)


_dialects = {"excel": excel, "excel-tab": excel_tab, "unix": unix_dialect}


def register_dialect(name, dialect=None, **options):
    if not isinstance(name, str):
        raise TypeError("dialect name must be a string")
    _dialects[name] = _Format(dialect, options)


def unregister_dialect(name):
    if name not in _dialects:
        raise Error("unknown dialect")
    del _dialects[name]


def get_dialect(name):
    if name not in _dialects:
        raise Error("unknown dialect")
    return _dialects[name]


def list_dialects():
    return list(_dialects)


def field_size_limit(new_limit=None):
    global _limit
    old = _limit
    if new_limit is not None:
        if not isinstance(new_limit, int):
            raise TypeError("limit must be an integer")
        _limit = new_limit
    return old


# States of the reader.
_START_ROW, _START_FIELD, _ESCAPED, _IN_FIELD, _QUOTED, _ESCAPED_QUOTED, _QUOTE_IN_QUOTED, _END_ROW = range(8)


class reader:
    """Rows of an iterable of lines, as lists of strings."""

    def __init__(self, csvfile, dialect="excel", **fmtparams):
        self._lines = iter(csvfile)
        self.dialect = _Format(dialect, fmtparams)
        self.line_num = 0

    def __iter__(self):
        return self

    def __next__(self):
        d = self.dialect
        self._row = []
        self._field = []
        self._numeric = False
        state = _START_ROW
        while True:
            try:
                line = next(self._lines)
            except StopIteration:
                if self._field or state in (_QUOTED, _ESCAPED, _ESCAPED_QUOTED):
                    if d.strict:
                        raise Error("unexpected end of data") from None
                    self._save()
                    return self._row
                if state != _START_ROW:
                    return self._row
                raise
            if not isinstance(line, str):
                raise Error(f"iterator should return strings, not {type(line).__name__} "
                            "(the file should be opened in text mode)")
            self.line_num += 1
            if state == _START_ROW:
                plain = self._plain(line)
                if plain is not None:
                    return plain
            state = self._read(line, state)
            if state in (_START_ROW, _END_ROW):
                return self._row

    def _plain(self, line):
        """The row of a line without anything special; None: it takes the long way."""
        d = self.dialect
        if (d.quotechar and d.quotechar in line) or (d.escapechar and d.escapechar in line) or d.skipinitialspace \
                or d.quoting == QUOTE_NONNUMERIC or len(line) > _limit:
            return None
        if line.endswith("\r\n"):
            line = line[:-2]
        elif line.endswith(("\n", "\r")):
            line = line[:-1]
        if "\n" in line or "\r" in line:
            return None
        return line.split(d.delimiter) if line else []

    def _save(self):
        text = "".join(self._field)
        if len(text) > _limit:
            raise Error(f"field larger than field limit ({_limit})")
        self._row.append(float(text) if self._numeric else text)
        self._numeric = False
        self._field = []

    def _read(self, line, state):
        d = self.dialect
        delimiter, quote, escape = d.delimiter, d.quotechar, d.escapechar
        quoting = d.quoting
        field = self._field
        for c in line:
            if state == _START_ROW:
                if c in "\r\n":
                    state = _END_ROW
                    continue
                state = _START_FIELD
            if state == _START_FIELD:
                if c in "\r\n":
                    self._save()
                    state = _END_ROW
                elif c == quote and quoting != QUOTE_NONE:
                    state = _QUOTED
                elif c == escape:
                    state = _ESCAPED
                elif c == " " and d.skipinitialspace:
                    pass
                elif c == delimiter:
                    self._save()
                else:
                    if quoting == QUOTE_NONNUMERIC:
                        self._numeric = True
                    field = self._field
                    field.append(c)
                    state = _IN_FIELD
            elif state == _IN_FIELD:
                if c in "\r\n":
                    self._save()
                    state = _END_ROW
                elif c == escape:
                    state = _ESCAPED
                elif c == delimiter:
                    self._save()
                    state = _START_FIELD
                else:
                    field = self._field
                    field.append(c)
            elif state == _QUOTED:
                if c == escape:
                    state = _ESCAPED_QUOTED
                elif c == quote and quoting != QUOTE_NONE:
                    state = _QUOTE_IN_QUOTED if d.doublequote else _IN_FIELD
                else:
                    self._field.append(c)
            elif state == _ESCAPED:
                self._field.append(c)
                state = _IN_FIELD
            elif state == _ESCAPED_QUOTED:
                self._field.append(c)
                state = _QUOTED
            elif state == _QUOTE_IN_QUOTED:
                if c == quote:
                    self._field.append(c)
                    state = _QUOTED
                elif c == delimiter:
                    self._save()
                    state = _START_FIELD
                elif c in "\r\n":
                    self._save()
                    state = _END_ROW
                elif not d.strict:
                    self._field.append(c)
                    state = _IN_FIELD
                else:
                    raise Error(f"'{delimiter}' expected after '{quote}'")
            elif c not in "\r\n":
                raise Error("new-line character seen in unquoted field - do you need to open the file in "
                            "universal-newline mode?")
        # The line's end ends the row, unless it is inside of quotes.
        if state in (_START_FIELD, _IN_FIELD, _QUOTE_IN_QUOTED):
            self._save()
            return _END_ROW
        if state == _ESCAPED:
            self._field.append("\n")
            return _IN_FIELD
        if state == _ESCAPED_QUOTED:
            return _QUOTED
        return state


class writer:
    """Writes rows to a file."""

    def __init__(self, csvfile, dialect="excel", **fmtparams):
        if not hasattr(csvfile, "write"):
            raise TypeError('argument 1 must have a "write" method')
        self._write = csvfile.write
        self.dialect = _Format(dialect, fmtparams)
        d = self.dialect
        self._special = {c for c in (d.delimiter, d.quotechar, d.escapechar) if c} | set(d.lineterminator) | {"\n", "\r"}

    def _field(self, value, alone):
        d = self.dialect
        quoted = d.quoting == QUOTE_ALL
        if isinstance(value, str):
            text = value
            quoted = quoted or d.quoting == QUOTE_NONNUMERIC
        elif value is None:
            text = ""
            quoted = quoted or d.quoting == QUOTE_NONNUMERIC
        elif isinstance(value, float):
            text = repr(value)
        else:
            text = str(value)
            if d.quoting == QUOTE_NONNUMERIC and not hasattr(value, "__float__") and not hasattr(value, "__index__"):
                quoted = True
        special = self._special
        if any([c in special for c in text]):
            out = []
            for c in text:
                if c in special:
                    if d.quoting == QUOTE_NONE:
                        escape = True
                    elif c == d.quotechar:
                        escape = not d.doublequote
                        if d.doublequote:
                            out.append(c)
                    elif c == d.escapechar:
                        escape = True
                    else:
                        escape = False
                    if escape:
                        if not d.escapechar:
                            raise Error("need to escape, but no escapechar set")
                        out.append(d.escapechar)
                    else:
                        quoted = True
                out.append(c)
            text = "".join(out)
        if not text and alone:
            if d.quoting == QUOTE_NONE:
                raise Error("single empty field record must be quoted")
            quoted = True
        return d.quotechar + text + d.quotechar if quoted else text

    def writerow(self, row):
        try:
            values = list(row)
        except TypeError:
            raise Error(f"iterable expected, not {type(row).__name__}") from None
        alone = len(values) == 1
        fields = [self._field(v, alone) for v in values]
        return self._write(self.dialect.delimiter.join(fields) + self.dialect.lineterminator)

    def writerows(self, rows):
        for row in rows:
            self.writerow(row)


class DictReader:
    """Rows as dicts, by the names of the first row."""

    def __init__(self, f, fieldnames=None, restkey=None, restval=None, dialect="excel", *args, **kwds):
        self._fieldnames = list(fieldnames) if fieldnames is not None and iter(fieldnames) is fieldnames else fieldnames
        self.restkey = restkey
        self.restval = restval
        self.reader = reader(f, dialect, *args, **kwds)
        self.dialect = dialect
        self.line_num = 0

    def __iter__(self):
        return self

    @property
    def fieldnames(self):
        if self._fieldnames is None:
            try:
                self._fieldnames = next(self.reader)
            except StopIteration:
                pass
        self.line_num = self.reader.line_num
        return self._fieldnames

    @fieldnames.setter
    def fieldnames(self, value):
        self._fieldnames = value

    def __next__(self):
        if self.line_num == 0:
            self.fieldnames
        row = next(self.reader)
        self.line_num = self.reader.line_num
        while row == []:
            row = next(self.reader)
        names = self.fieldnames
        d = dict(zip(names, row))
        if len(names) < len(row):
            d[self.restkey] = row[len(names):]
        elif len(names) > len(row):
            for name in names[len(row):]:
                d[name] = self.restval
        return d


class DictWriter:
    """Writes dicts as rows."""

    def __init__(self, f, fieldnames, restval="", extrasaction="raise", dialect="excel", *args, **kwds):
        if fieldnames is not None and iter(fieldnames) is fieldnames:
            fieldnames = list(fieldnames)
        self.fieldnames = fieldnames
        self.restval = restval
        if extrasaction.lower() not in ("raise", "ignore"):
            raise ValueError("extrasaction (%s) must be 'raise' or 'ignore'" % extrasaction)
        self.extrasaction = extrasaction
        self.writer = writer(f, dialect, *args, **kwds)

    def writeheader(self):
        return self.writerow(dict(zip(self.fieldnames, self.fieldnames)))

    def _values(self, row):
        if self.extrasaction == "raise":
            wrong = [k for k in row if k not in self.fieldnames]
            if wrong:
                raise ValueError("dict contains fields not in fieldnames: " + ", ".join([repr(x) for x in wrong]))
        return [row.get(name, self.restval) for name in self.fieldnames]

    def writerow(self, rowdict):
        return self.writer.writerow(self._values(rowdict))

    def writerows(self, rowdicts):
        return self.writer.writerows([self._values(row) for row in rowdicts])


class Sniffer:
    """Guesses a file's dialect from a sample."""

    def __init__(self):
        self.preferred = [",", "\t", ";", " ", ":"]

    def sniff(self, sample, delimiters=None):
        lines = [line for line in sample.splitlines() if line][:50]
        candidates = []
        for c in dict.fromkeys(sample):
            if c in "\r\n\"'" or c.isalnum() or (delimiters is not None and c not in delimiters):
                continue
            counts = []
            for line in lines:
                inside, n = False, 0
                for x in line:
                    if x == '"':
                        inside = not inside
                    elif x == c and not inside:
                        n += 1
                counts.append(n)
            if counts and counts[0] and counts.count(counts[0]) >= 0.9 * len(counts):
                candidates.append((c, counts[0]))
        if not candidates:
            raise Error("Could not determine delimiter")
        delimiter = None
        for c in self.preferred:
            if any([c == x for x, _ in candidates]):
                delimiter = c
                break
        if delimiter is None:
            delimiter = max(candidates, key=lambda pair: pair[1])[0]

        class dialect(Dialect):
            _name = "sniffed"
            lineterminator = "\r\n"
            quoting = QUOTE_MINIMAL

        dialect.delimiter = delimiter
        dialect.quotechar = "'" if '"' not in sample and f"'{delimiter}" in sample else '"'
        dialect.doublequote = dialect.quotechar * 2 in sample
        dialect.skipinitialspace = all([line.count(delimiter) == line.count(delimiter + " ") for line in lines])
        return dialect

    def has_header(self, sample):
        rows = reader(_io.StringIO(sample), self.sniff(sample))
        header = next(rows)

        def kind(text):
            try:
                complex(text)
                return complex
            except ValueError:
                return len(text)

        kinds = [None] * len(header)
        for number, row in enumerate(rows):
            if number == 20:
                break
            if len(row) != len(header):
                continue
            for i, text in enumerate(row):
                k = kind(text)
                if kinds[i] is None:
                    kinds[i] = k
                elif kinds[i] != k:
                    kinds[i] = False
        votes = 0
        for text, k in zip(header, kinds):
            if k is not None and k is not False:
                votes += 1 if kind(text) != k else -1
        return votes > 0
