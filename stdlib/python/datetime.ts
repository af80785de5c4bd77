"""Dates and times."""
import math as _math
import time as _time

__all__ = ["date", "datetime", "time", "timedelta", "timezone", "tzinfo", "MINYEAR", "MAXYEAR", "UTC"]

MINYEAR, MAXYEAR = 1, 9999
_BEFORE = [0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334]
_DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
_MONTHS = ["", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_US_DAY = 86400 * 10 ** 6
_MAX_ORDINAL = 3652059


def _leap(year):
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _days_in_month(year, month):
    if month == 2:
        return 29 if _leap(year) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def _ordinal(year, month, day):
    y = year - 1
    return y * 365 + y // 4 - y // 100 + y // 400 + _BEFORE[month] + (month > 2 and _leap(year)) + day


def _from_ordinal(n):
    n -= 1
    n400, n = divmod(n, 146097)
    n100, n = divmod(n, 36524)
    n4, n = divmod(n, 1461)
    n1, n = divmod(n, 365)
    year = n400 * 400 + n100 * 100 + n4 * 4 + n1 + 1
    if n1 == 4 or n100 == 4:
        return year - 1, 12, 31
    month = (n + 50) >> 5
    before = _BEFORE[month] + (month > 2 and _leap(year))
    if before > n:
        month -= 1
        before -= _days_in_month(year, month)
    return year, month, n - before + 1


def _index(value):
    if isinstance(value, float):
        raise TypeError("integer argument expected, got float")
    try:
        return value.__index__()
    except AttributeError:
        raise TypeError("'%s' object cannot be interpreted as an integer" % type(value).__name__) from None


def _check_date(year, month, day):
    if not MINYEAR <= year <= MAXYEAR:
        raise ValueError("year %i is out of range" % year)
    if not 1 <= month <= 12:
        raise ValueError("month must be in 1..12")
    if not 1 <= day <= _days_in_month(year, month):
        raise ValueError("day is out of range for month")


def _check_time(hour, minute, second, microsecond, fold):
    if not 0 <= hour <= 23:
        raise ValueError("hour must be in 0..23")
    if not 0 <= minute <= 59:
        raise ValueError("minute must be in 0..59")
    if not 0 <= second <= 59:
        raise ValueError("second must be in 0..59")
    if not 0 <= microsecond <= 999999:
        raise ValueError("microsecond must be in 0..999999")
    if fold not in (0, 1):
        raise ValueError("fold must be either 0 or 1")


def _check_tzinfo(tz):
    if tz is not None and not isinstance(tz, tzinfo):
        raise TypeError("tzinfo argument must be None or of a tzinfo subclass, not type '%s'" % type(tz).__name__)


def _divide_round(a, b):
    """a / b to the nearest int, half to even."""
    q, r = divmod(a, b)
    r *= 2
    if r > b or r == b and q % 2 == 1:
        q += 1
    return q


def _offset_text(offset, sep=":"):
    if offset is None:
        return ""
    us = offset._us
    sign = "+"
    if us < 0:
        sign, us = "-", -us
    minutes, rest = divmod(us, 60 * 10 ** 6)
    hours, minutes = divmod(minutes, 60)
    text = f"{sign}{hours:02d}{sep}{minutes:02d}"
    if rest:
        seconds, rest = divmod(rest, 10 ** 6)
        text += f"{sep}{seconds:02d}"
        if rest:
            text += f".{rest:06d}"
    return text


class timedelta:
    """A duration."""

    __message_name__ = "datetime.timedelta"
    __slots__ = ("_us", "_hash")

    def __new__(cls, days=0, seconds=0, microseconds=0, milliseconds=0, minutes=0, hours=0, weeks=0):
        us = 0
        parts = ((days, _US_DAY), (seconds, 10 ** 6), (microseconds, 1), (milliseconds, 1000), (minutes, 60 * 10 ** 6),
                 (hours, 3600 * 10 ** 6), (weeks, 7 * _US_DAY))
        fraction = 0.0
        for value, unit in parts:
            if isinstance(value, float):
                whole = int(value) if value == value and value not in (_math.inf, -_math.inf) else _bad_float(value)
                us += whole * unit
                rest = (value - whole) * unit
                part = int(rest)
                us += part
                fraction += rest - part
            elif isinstance(value, int):
                us += value * unit
            else:
                raise TypeError("unsupported type for timedelta %s component: %s" % (
                    ("days", "seconds", "microseconds", "milliseconds", "minutes", "hours", "weeks")[
                        [v is value for v, _ in parts].index(True)], type(value).__name__))
        if fraction:
            us = _round_half_even(us, fraction)
        return cls._make(us)

    @classmethod
    def _make(cls, us):
        days = us // _US_DAY
        if not -999999999 <= days <= 999999999:
            raise OverflowError("days=%d; must have magnitude <= 999999999" % days)
        self = object.__new__(cls)
        self._us = us
        return self

    @property
    def days(self):
        return self._us // _US_DAY

    @property
    def seconds(self):
        return self._us % _US_DAY // 10 ** 6

    @property
    def microseconds(self):
        return self._us % 10 ** 6

    def total_seconds(self):
        return self._us / 10 ** 6

    def __repr__(self):
        parts = []
        for name in ("days", "seconds", "microseconds"):
            value = getattr(self, name)
            if value:
                parts.append(f"{name}={value}")
        return "datetime.%s(%s)" % (type(self).__qualname__, ", ".join(parts) or "0")

    def __str__(self):
        minutes, seconds = divmod(self.seconds, 60)
        hours, minutes = divmod(minutes, 60)
        text = "%d:%02d:%02d" % (hours, minutes, seconds)
        days = self.days
        if days:
            text = "%d day%s, " % (days, "" if abs(days) == 1 else "s") + text
        if self.microseconds:
            text += ".%06d" % self.microseconds
        return text

    def __add__(self, other):
        return timedelta._make(self._us + other._us) if isinstance(other, timedelta) else NotImplemented

    __radd__ = __add__

    def __sub__(self, other):
        return timedelta._make(self._us - other._us) if isinstance(other, timedelta) else NotImplemented

    def __rsub__(self, other):
        return timedelta._make(other._us - self._us) if isinstance(other, timedelta) else NotImplemented

    def __neg__(self):
        return timedelta._make(-self._us)

    def __pos__(self):
        return self

    def __abs__(self):
        return timedelta._make(abs(self._us))

    def __mul__(self, other):
        if isinstance(other, int):
            return timedelta._make(self._us * other)
        if isinstance(other, float):
            a, b = other.as_integer_ratio()
            return timedelta._make(_divide_round(self._us * a, b))
        return NotImplemented

    __rmul__ = __mul__

    def __floordiv__(self, other):
        if isinstance(other, timedelta):
            if not other._us:
                raise ZeroDivisionError("integer division or modulo by zero")
            return self._us // other._us
        return timedelta._make(self._us // other) if isinstance(other, int) else NotImplemented

    def __truediv__(self, other):
        if isinstance(other, timedelta):
            return self._us / other._us
        if isinstance(other, int):
            if not other:
                raise ZeroDivisionError("integer division or modulo by zero")
            us, n = self._us, other
            if n < 0:
                us, n = -us, -n
            return timedelta._make(_divide_round(us, n))
        if isinstance(other, float):
            a, b = other.as_integer_ratio()
            if a < 0:
                a, b = -a, -b
            return timedelta._make(_divide_round(self._us * b, a))
        return NotImplemented

    def __mod__(self, other):
        return timedelta._make(self._us % other._us) if isinstance(other, timedelta) else NotImplemented

    def __divmod__(self, other):
        if not isinstance(other, timedelta):
            return NotImplemented
        q, r = divmod(self._us, other._us)
        return q, timedelta._make(r)

    def __eq__(self, other):
        return self._us == other._us if isinstance(other, timedelta) else NotImplemented

    def __lt__(self, other):
        return self._us < other._us if isinstance(other, timedelta) else NotImplemented

    def __le__(self, other):
        return self._us <= other._us if isinstance(other, timedelta) else NotImplemented

    def __gt__(self, other):
        return self._us > other._us if isinstance(other, timedelta) else NotImplemented

    def __ge__(self, other):
        return self._us >= other._us if isinstance(other, timedelta) else NotImplemented

    def __bool__(self):
        return self._us != 0

    def __hash__(self):
        return hash((timedelta, self._us))

    def __reduce__(self):
        return type(self), (self.days, self.seconds, self.microseconds)


def _bad_float(value):
    if value != value:
        raise ValueError("cannot convert float NaN to integer")
    raise OverflowError("cannot convert float infinity to integer")


def _round_half_even(whole, fraction):
    n = _math.floor(fraction)
    rest = fraction - n
    whole += n
    if rest > 0.5 or rest == 0.5 and whole % 2:
        whole += 1
    return whole


timedelta.min = timedelta(-999999999)
timedelta.max = timedelta._make(999999999 * _US_DAY + _US_DAY - 1)
timedelta.resolution = timedelta(microseconds=1)


class tzinfo:
    """A time zone; to be subclassed."""

    __message_name__ = "datetime.tzinfo"

    def tzname(self, dt):
        raise NotImplementedError("a tzinfo subclass must implement tzname()")

    def utcoffset(self, dt):
        raise NotImplementedError("a tzinfo subclass must implement utcoffset()")

    def dst(self, dt):
        raise NotImplementedError("a tzinfo subclass must implement dst()")

    def fromutc(self, dt):
        if not isinstance(dt, datetime):
            raise TypeError("fromutc: argument must be a datetime instance")
        if dt.tzinfo is not self:
            raise ValueError("fromutc: dt.tzinfo is not self")
        offset = dt.utcoffset()
        dst = dt.dst()
        if offset is None or dst is None:
            raise ValueError("fromutc: tz.utcoffset() or dst() gave inconsistent results")
        delta = offset - dst
        if delta:
            dt = dt + delta
            dst = dt.dst()
        return dt + dst


class timezone(tzinfo):
    """A zone with one offset from UTC."""

    __message_name__ = "datetime.timezone"

    def __init__(self, offset, name=None):
        if not isinstance(offset, timedelta):
            raise TypeError("offset must be a timedelta")
        if name is not None and not isinstance(name, str):
            raise TypeError("name must be a string")
        if not -_US_DAY < offset._us < _US_DAY:
            raise ValueError("offset must be a timedelta strictly between -timedelta(hours=24) and "
                             "timedelta(hours=24), not " + repr(offset) + ".")
        self._offset = offset
        self._name = name

    def utcoffset(self, dt):
        return self._offset

    def dst(self, dt):
        return None

    def tzname(self, dt):
        if self._name is not None:
            return self._name
        return "UTC" + _offset_text(self._offset) if self._offset else "UTC"

    def fromutc(self, dt):
        return dt + self._offset

    def __eq__(self, other):
        return self._offset == other._offset if isinstance(other, timezone) else NotImplemented

    def __hash__(self):
        return hash(self._offset)

    def __repr__(self):
        if self is timezone.utc:
            return "datetime.timezone.utc"
        if self._name is None:
            return "datetime.timezone(%r)" % self._offset
        return "datetime.timezone(%r, %r)" % (self._offset, self._name)

    def __str__(self):
        return self.tzname(None)

    def __reduce__(self):
        return timezone, (self._offset,) if self._name is None else (self._offset, self._name)


UTC = timezone.utc = timezone(timedelta(0))
timezone.min = timezone(-timedelta(hours=23, minutes=59))
timezone.max = timezone(timedelta(hours=23, minutes=59))


def _format(object, format, timetuple):
    """strftime with %f, %z, %Z and %: of the object."""
    out = []
    i = 0
    while i < len(format):
        c = format[i]
        i += 1
        if c != "%" or i == len(format):
            out.append(c)
            continue
        c = format[i]
        i += 1
        if c == "f":
            out.append("%06d" % getattr(object, "microsecond", 0))
        elif c == "z":
            offset = object.utcoffset() if hasattr(object, "utcoffset") else None
            out.append(_offset_text(offset, ""))
        elif c == "Z":
            name = object.tzname() if hasattr(object, "tzname") else None
            out.append((name or "").replace("%", "%%"))
        else:
            out.append("%" + c)
    return _time.strftime("".join(out), timetuple)


class IsoCalendarDate(tuple):
    __module__ = "datetime"

    @property
    def year(self):
        return self[0]

    @property
    def week(self):
        return self[1]

    @property
    def weekday(self):
        return self[2]

    def __repr__(self):
        return "datetime.IsoCalendarDate(year=%s, week=%s, weekday=%s)" % tuple(self)


def _first_monday(year):
    first = _ordinal(year, 1, 1)
    weekday = (first + 6) % 7
    monday = first - weekday
    return monday + 7 if weekday > 3 else monday


def _digits(text, begin, end):
    part = text[begin:end]
    if len(part) != end - begin or not (part.isascii() and part.isdigit()):
        raise ValueError("Invalid isoformat string: " + repr(text))
    return int(part)


def _parse_date(text):
    year = _digits(text, 0, 4)
    rest = text[4:]
    dashed = rest.startswith("-")
    at = 5 if dashed else 4
    if text[at:at + 1] == "W":
        week = _digits(text, at + 1, at + 3)
        at += 3
        day = 1
        if at < len(text):
            if dashed != (text[at] == "-"):
                raise ValueError("Inconsistent use of dash separator")
            at += dashed
            day = _digits(text, at, at + 1)
            at += 1
        if at != len(text):
            raise ValueError("Invalid isoformat string: " + repr(text))
        return date.fromisocalendar(year, week, day)
    month = _digits(text, at, at + 2)
    at += 2
    if dashed:
        if text[at:at + 1] != "-":
            raise ValueError("Invalid isoformat string: " + repr(text))
        at += 1
    day = _digits(text, at, at + 2)
    if at + 2 != len(text):
        raise ValueError("Invalid isoformat string: " + repr(text))
    return date(year, month, day)


def _parse_time(text):
    """hour, minute, second, microsecond, tzinfo of an ISO text."""
    whole = text
    zone = None
    if text.endswith("Z"):
        zone, text = timezone.utc, text[:-1]
    else:
        place = max(text.rfind("+"), text.rfind("-"))
        if place > 0:
            sign = -1 if text[place] == "-" else 1
            h, m, s, us = _parse_clock(text[place + 1:], whole)
            offset = timedelta(hours=h, minutes=m, seconds=s, microseconds=us) * sign
            zone = timezone(offset) if offset else timezone.utc
            text = text[:place]
    return (*_parse_clock(text, whole), zone)


def _parse_clock(text, whole):
    colon = ":" in text
    parts = [0, 0, 0]
    at = 0
    for i in range(3):
        if not (text[at:at + 2].isascii() and text[at:at + 2].isdigit() and len(text[at:at + 2]) == 2):
            raise ValueError("Invalid isoformat string: " + repr(whole))
        parts[i] = int(text[at:at + 2])
        at += 2
        if at == len(text) or text[at] in ".,":
            break
        if colon:
            if text[at] != ":" or i == 2:
                raise ValueError("Invalid isoformat string: " + repr(whole))
            at += 1
        elif i == 2:
            raise ValueError("Invalid isoformat string: " + repr(whole))
    us = 0
    if at < len(text):
        fraction = text[at + 1:]
        if text[at] not in ".," or not (fraction.isascii() and fraction.isdigit()):
            raise ValueError("Invalid isoformat string: " + repr(whole))
        us = int(fraction[:6].ljust(6, "0"))
    return (*parts, us)


class date:
    """A day."""

    __message_name__ = "datetime.date"
    __slots__ = ("_year", "_month", "_day")

    def __new__(cls, year, month=None, day=None):
        if month is None or day is None:
            raise TypeError("function missing required argument '%s' (pos %d)" % (("month", 2) if month is None else ("day", 3)))
        year, month, day = _index(year), _index(month), _index(day)
        _check_date(year, month, day)
        self = object.__new__(cls)
        self._year, self._month, self._day = year, month, day
        return self

    @classmethod
    def fromtimestamp(cls, t):
        return cls(*_time.localtime(t)[:3])

    @classmethod
    def today(cls):
        return cls.fromtimestamp(_time.time())

    @classmethod
    def fromordinal(cls, n):
        if n < 1:
            raise ValueError("ordinal must be >= 1")
        if n > _MAX_ORDINAL:
            raise ValueError("year is out of range")
        return cls(*_from_ordinal(n))

    @classmethod
    def fromisoformat(cls, date_string):
        if not isinstance(date_string, str):
            raise TypeError("fromisoformat: argument must be str")
        if len(date_string) not in (7, 8, 10):
            raise ValueError("Invalid isoformat string: " + repr(date_string))
        d = _parse_date(date_string)
        return cls(d._year, d._month, d._day)

    @classmethod
    def fromisocalendar(cls, year, week, day):
        if not MINYEAR <= year <= MAXYEAR:
            raise ValueError(f"Year is out of range: {year}")
        if not 0 < week < 53:
            last = (_first_monday(year + 1) - _first_monday(year)) // 7
            if not (week == 53 and last == 53):
                raise ValueError(f"Invalid week: {week}")
        if not 0 < day < 8:
            raise ValueError(f"Invalid weekday: {day} (range is [1, 7])")
        return cls(*_from_ordinal(_first_monday(year) + 7 * (week - 1) + day - 1))

    @property
    def year(self):
        return self._year

    @property
    def month(self):
        return self._month

    @property
    def day(self):
        return self._day

    def __repr__(self):
        return "datetime.%s(%d, %d, %d)" % (type(self).__qualname__, self._year, self._month, self._day)

    def isoformat(self):
        return "%04d-%02d-%02d" % (self._year, self._month, self._day)

    def __str__(self):
        return self.isoformat()

    def ctime(self):
        return "%s %s %2d 00:00:00 %04d" % (_DAYS[self.weekday()], _MONTHS[self._month], self._day, self._year)

    def strftime(self, format):
        return _format(self, format, self.timetuple())

    def __format__(self, spec):
        if not isinstance(spec, str):
            raise TypeError("must be str, not %s" % type(spec).__name__)
        return self.strftime(spec) if spec else str(self)

    def timetuple(self):
        return _time.struct_time((self._year, self._month, self._day, 0, 0, 0, self.weekday(),
                                  self.toordinal() - _ordinal(self._year, 1, 1) + 1, -1))

    def toordinal(self):
        return _ordinal(self._year, self._month, self._day)

    def replace(self, year=None, month=None, day=None):
        return type(self)(self._year if year is None else year, self._month if month is None else month,
                          self._day if day is None else day)

    def weekday(self):
        return (self.toordinal() + 6) % 7

    def isoweekday(self):
        return self.weekday() + 1

    def isocalendar(self):
        year = self._year
        monday = _first_monday(year)
        today = self.toordinal()
        week, day = divmod(today - monday, 7)
        if week < 0:
            year -= 1
            week, day = divmod(today - _first_monday(year), 7)
        elif week >= 52 and today >= _first_monday(year + 1):
            year += 1
            week = 0
        return IsoCalendarDate((year, week + 1, day + 1))

    def _key(self):
        return (self._year, self._month, self._day)

    def _comparable(self, other):
        return isinstance(other, date) and not isinstance(other, datetime)

    def __eq__(self, other):
        return self._key() == other._key() if self._comparable(other) else NotImplemented

    def __lt__(self, other):
        return self._key() < other._key() if self._comparable(other) else NotImplemented

    def __le__(self, other):
        return self._key() <= other._key() if self._comparable(other) else NotImplemented

    def __gt__(self, other):
        return self._key() > other._key() if self._comparable(other) else NotImplemented

    def __ge__(self, other):
        return self._key() >= other._key() if self._comparable(other) else NotImplemented

    def __hash__(self):
        return hash((date, self._key()))

    def __add__(self, other):
        if not isinstance(other, timedelta):
            return NotImplemented
        n = self.toordinal() + other.days
        if not 0 < n <= _MAX_ORDINAL:
            raise OverflowError("date value out of range")
        return type(self).fromordinal(n)

    __radd__ = __add__

    def __sub__(self, other):
        if isinstance(other, timedelta):
            return self + timedelta(-other.days)
        if self._comparable(other):
            return timedelta(self.toordinal() - other.toordinal())
        return NotImplemented

    def __reduce__(self):
        return type(self), self._key()


date.min = date(1, 1, 1)
date.max = date(9999, 12, 31)
date.resolution = timedelta(days=1)


class time:
    """A time of the day."""

    __message_name__ = "datetime.time"
    __slots__ = ("_hour", "_minute", "_second", "_microsecond", "_tzinfo", "_fold")

    def __new__(cls, hour=0, minute=0, second=0, microsecond=0, tzinfo=None, *, fold=0):
        hour, minute, second, microsecond = _index(hour), _index(minute), _index(second), _index(microsecond)
        _check_time(hour, minute, second, microsecond, fold)
        _check_tzinfo(tzinfo)
        self = object.__new__(cls)
        self._hour, self._minute, self._second, self._microsecond = hour, minute, second, microsecond
        self._tzinfo, self._fold = tzinfo, fold
        return self

    @classmethod
    def fromisoformat(cls, time_string):
        if not isinstance(time_string, str):
            raise TypeError("fromisoformat: argument must be str")
        return cls(*_parse_time(time_string.removeprefix("T")))

    @property
    def hour(self):
        return self._hour

    @property
    def minute(self):
        return self._minute

    @property
    def second(self):
        return self._second

    @property
    def microsecond(self):
        return self._microsecond

    @property
    def tzinfo(self):
        return self._tzinfo

    @property
    def fold(self):
        return self._fold

    def utcoffset(self):
        return None if self._tzinfo is None else self._tzinfo.utcoffset(None)

    def dst(self):
        return None if self._tzinfo is None else self._tzinfo.dst(None)

    def tzname(self):
        return None if self._tzinfo is None else self._tzinfo.tzname(None)

    def isoformat(self, timespec="auto"):
        return _clock_text(self._hour, self._minute, self._second, self._microsecond, timespec) + _offset_text(self.utcoffset())

    def __str__(self):
        return self.isoformat()

    def strftime(self, format):
        return _format(self, format, _time.struct_time((1900, 1, 1, self._hour, self._minute, self._second, 0, 1, -1)))

    def __format__(self, spec):
        return self.strftime(spec) if spec else str(self)

    def __repr__(self):
        parts = [self._hour, self._minute]
        if self._second or self._microsecond:
            parts.append(self._second)
        if self._microsecond:
            parts.append(self._microsecond)
        text = ", ".join([str(p) for p in parts])
        if self._tzinfo is not None:
            text += ", tzinfo=%r" % self._tzinfo
        if self._fold:
            text += ", fold=1"
        return "datetime.%s(%s)" % (type(self).__qualname__, text)

    def replace(self, hour=None, minute=None, second=None, microsecond=None, tzinfo=True, *, fold=None):
        return type(self)(self._hour if hour is None else hour, self._minute if minute is None else minute,
                          self._second if second is None else second,
                          self._microsecond if microsecond is None else microsecond,
                          self._tzinfo if tzinfo is True else tzinfo, fold=self._fold if fold is None else fold)

    def _key(self, other=None):
        us = ((self._hour * 60 + self._minute) * 60 + self._second) * 10 ** 6 + self._microsecond
        offset = self.utcoffset()
        return us if offset is None else us - offset._us

    def _check(self, other):
        if (self.utcoffset() is None) != (other.utcoffset() is None):
            raise TypeError("can't compare offset-naive and offset-aware times")

    def __eq__(self, other):
        if not isinstance(other, time):
            return NotImplemented
        return (self.utcoffset() is None) == (other.utcoffset() is None) and self._key() == other._key()

    def __lt__(self, other):
        if not isinstance(other, time):
            return NotImplemented
        self._check(other)
        return self._key() < other._key()

    def __le__(self, other):
        if not isinstance(other, time):
            return NotImplemented
        self._check(other)
        return self._key() <= other._key()

    def __gt__(self, other):
        if not isinstance(other, time):
            return NotImplemented
        self._check(other)
        return self._key() > other._key()

    def __ge__(self, other):
        if not isinstance(other, time):
            return NotImplemented
        self._check(other)
        return self._key() >= other._key()

    def __hash__(self):
        return hash((time, self._key()))

    def __reduce__(self):
        return type(self), (self._hour, self._minute, self._second, self._microsecond, self._tzinfo)


def _clock_text(hour, minute, second, us, timespec):
    if timespec == "auto":
        timespec = "microseconds" if us else "seconds"
    if timespec == "hours":
        return f"{hour:02d}"
    text = f"{hour:02d}:{minute:02d}"
    if timespec == "minutes":
        return text
    text += f":{second:02d}"
    if timespec == "seconds":
        return text
    if timespec == "milliseconds":
        return f"{text}.{us // 1000:03d}"
    if timespec == "microseconds":
        return f"{text}.{us:06d}"
    raise ValueError("Unknown timespec value")


time.min = time(0, 0, 0)
time.max = time(23, 59, 59, 999999)
time.resolution = timedelta(microseconds=1)


class datetime(date):
    """A day and a time of it."""

    __message_name__ = "datetime.datetime"
    __slots__ = ("_hour", "_minute", "_second", "_microsecond", "_tzinfo", "_fold")

    def __new__(cls, year, month=None, day=None, hour=0, minute=0, second=0, microsecond=0, tzinfo=None, *, fold=0):
        self = date.__new__(cls, year, month, day)
        hour, minute, second, microsecond = _index(hour), _index(minute), _index(second), _index(microsecond)
        _check_time(hour, minute, second, microsecond, fold)
        _check_tzinfo(tzinfo)
        self._hour, self._minute, self._second, self._microsecond = hour, minute, second, microsecond
        self._tzinfo, self._fold = tzinfo, fold
        return self

    hour = time.hour
    minute = time.minute
    second = time.second
    microsecond = time.microsecond
    tzinfo = time.tzinfo
    fold = time.fold

    @classmethod
    def _of_struct(cls, t, us, tz, fold=0):
        return cls(t[0], t[1], t[2], t[3], t[4], min(t[5], 59), us, tz, fold=fold)

    @classmethod
    def fromtimestamp(cls, timestamp, tz=None):
        _check_tzinfo(tz)
        us = _round_to_us(timestamp)
        seconds, us = divmod(us, 10 ** 6)
        if tz is None:
            return cls._of_struct(_time.localtime(seconds), us, None)
        return tz.fromutc(cls._of_struct(_time.gmtime(seconds), us, tz))

    @classmethod
    def utcfromtimestamp(cls, t):
        seconds, us = divmod(_round_to_us(t), 10 ** 6)
        return cls._of_struct(_time.gmtime(seconds), us, None)

    @classmethod
    def now(cls, tz=None):
        us = _time.time_ns() // 1000
        seconds, us = divmod(us, 10 ** 6)
        if tz is None:
            return cls._of_struct(_time.localtime(seconds), us, None)
        return tz.fromutc(cls._of_struct(_time.gmtime(seconds), us, tz))

    @classmethod
    def utcnow(cls):
        return cls.now(timezone.utc).replace(tzinfo=None)

    @classmethod
    def combine(cls, date, time, tzinfo=True):
        return cls(date.year, date.month, date.day, time.hour, time.minute, time.second, time.microsecond,
                   time.tzinfo if tzinfo is True else tzinfo, fold=time.fold)

    @classmethod
    def fromisoformat(cls, date_string):
        if not isinstance(date_string, str):
            raise TypeError("fromisoformat: argument must be str")
        s = date_string
        if len(s) < 7:
            raise ValueError("Invalid isoformat string: " + repr(s))
        try:
            if s[4] == "-":
                if s[5] == "W":
                    end = 10 if len(s) > 8 and s[8] == "-" else 8
                else:
                    end = 10
            elif s[4] == "W":
                end = 8 if len(s) > 7 and s[7].isdigit() and (len(s) == 8 or not s[8].isdigit()) else 7
            else:
                end = 8
            d = _parse_date(s[:end])
            clock = _parse_time(s[end + 1:]) if len(s) > end else (0, 0, 0, 0, None)
        except ValueError as e:
            if str(e).startswith("Invalid isoformat"):
                raise ValueError("Invalid isoformat string: " + repr(s)) from None
            raise
        return cls(d._year, d._month, d._day, *clock)

    @classmethod
    def strptime(cls, date_string, format):
        from _strptime import parse
        fields = parse(date_string, format)
        zone = None
        if fields["offset"] is not None:
            offset = timedelta(microseconds=fields["offset"])
            zone = timezone(offset, fields["zone"]) if fields["zone"] else timezone(offset) if offset else timezone.utc
            if not fields["zone"] and not offset:
                zone = timezone.utc
        return cls(fields["year"], fields["month"], fields["day"], fields["hour"], fields["minute"], fields["second"],
                   fields["microsecond"], zone)

    def timetuple(self):
        dst = self.dst()
        dst = -1 if dst is None else 1 if dst else 0
        return _time.struct_time((self._year, self._month, self._day, self._hour, self._minute, self._second,
                                  self.weekday(), self.toordinal() - _ordinal(self._year, 1, 1) + 1, dst))

    def utctimetuple(self):
        offset = self.utcoffset()
        d = self - offset if offset else self
        return _time.struct_time((d._year, d._month, d._day, d._hour, d._minute, d._second, d.weekday(),
                                  d.toordinal() - _ordinal(d._year, 1, 1) + 1, 0))

    def timestamp(self):
        if self._tzinfo is None:
            seconds = _time.mktime(self.timetuple())
            return seconds + self._microsecond / 10 ** 6
        return (self - _EPOCH).total_seconds()

    def date(self):
        return date(self._year, self._month, self._day)

    def time(self):
        return time(self._hour, self._minute, self._second, self._microsecond, fold=self._fold)

    def timetz(self):
        return time(self._hour, self._minute, self._second, self._microsecond, self._tzinfo, fold=self._fold)

    def replace(self, year=None, month=None, day=None, hour=None, minute=None, second=None, microsecond=None, tzinfo=True,
                *, fold=None):
        return type(self)(self._year if year is None else year, self._month if month is None else month,
                          self._day if day is None else day, self._hour if hour is None else hour,
                          self._minute if minute is None else minute, self._second if second is None else second,
                          self._microsecond if microsecond is None else microsecond,
                          self._tzinfo if tzinfo is True else tzinfo, fold=self._fold if fold is None else fold)

    def utcoffset(self):
        return None if self._tzinfo is None else self._tzinfo.utcoffset(self)

    def dst(self):
        return None if self._tzinfo is None else self._tzinfo.dst(self)

    def tzname(self):
        return None if self._tzinfo is None else self._tzinfo.tzname(self)

    def _local_zone(self):
        t = _time.localtime(int((self.replace(tzinfo=timezone.utc) - _EPOCH).total_seconds())) if self._tzinfo is None else \
            _time.localtime((self - _EPOCH)._us // 10 ** 6)
        return timezone(timedelta(seconds=t.tm_gmtoff), t.tm_zone)

    def astimezone(self, tz=None):
        if tz is None:
            tz = self._local_zone()
        _check_tzinfo(tz)
        offset = self.utcoffset()
        if offset is None:
            offset = self._local_zone().utcoffset(None)
        elif tz is self._tzinfo:
            return self
        return tz.fromutc((self - offset).replace(tzinfo=tz))

    def ctime(self):
        return "%s %s %2d %02d:%02d:%02d %04d" % (_DAYS[self.weekday()], _MONTHS[self._month], self._day, self._hour,
                                                  self._minute, self._second, self._year)

    def isoformat(self, sep="T", timespec="auto"):
        return ("%04d-%02d-%02d%s" % (self._year, self._month, self._day, sep)
                + _clock_text(self._hour, self._minute, self._second, self._microsecond, timespec)
                + _offset_text(self.utcoffset()))

    def __repr__(self):
        parts = [self._year, self._month, self._day, self._hour, self._minute, self._second, self._microsecond]
        if parts[-1] == 0:
            del parts[-1]
            if parts[-1] == 0:
                del parts[-1]
        text = ", ".join([str(p) for p in parts])
        if self._tzinfo is not None:
            text += ", tzinfo=%r" % self._tzinfo
        if self._fold:
            text += ", fold=1"
        return "datetime.%s(%s)" % (type(self).__qualname__, text)

    def __str__(self):
        return self.isoformat(sep=" ")

    def _us(self):
        """Microseconds since the year 1, in UTC if the zone is known."""
        us = (((self.toordinal() * 24 + self._hour) * 60 + self._minute) * 60 + self._second) * 10 ** 6 + self._microsecond
        offset = self.utcoffset()
        return us if offset is None else us - offset._us

    def _check(self, other):
        if (self.utcoffset() is None) != (other.utcoffset() is None):
            raise TypeError("can't compare offset-naive and offset-aware datetimes")

    def __eq__(self, other):
        if not isinstance(other, datetime):
            return NotImplemented
        return (self.utcoffset() is None) == (other.utcoffset() is None) and self._us() == other._us()

    def __lt__(self, other):
        if not isinstance(other, datetime):
            return self._no_order(other)
        self._check(other)
        return self._us() < other._us()

    def __le__(self, other):
        if not isinstance(other, datetime):
            return self._no_order(other)
        self._check(other)
        return self._us() <= other._us()

    def __gt__(self, other):
        if not isinstance(other, datetime):
            return self._no_order(other)
        self._check(other)
        return self._us() > other._us()

    def __ge__(self, other):
        if not isinstance(other, datetime):
            return self._no_order(other)
        self._check(other)
        return self._us() >= other._us()

    def _no_order(self, other):
        if isinstance(other, date):
            raise TypeError("can't compare datetime.datetime to datetime.date")
        return NotImplemented

    def __hash__(self):
        return hash((datetime, self._us()))

    def __add__(self, other):
        if not isinstance(other, timedelta):
            return NotImplemented
        us = (((self.toordinal() * 24 + self._hour) * 60 + self._minute) * 60 + self._second) * 10 ** 6 + self._microsecond
        days, us = divmod(us + other._us, _US_DAY)
        if not 0 < days <= _MAX_ORDINAL:
            raise OverflowError("date value out of range")
        seconds, us = divmod(us, 10 ** 6)
        minutes, second = divmod(seconds, 60)
        hour, minute = divmod(minutes, 60)
        return type(self)(*_from_ordinal(days), hour, minute, second, us, self._tzinfo)

    __radd__ = __add__

    def __sub__(self, other):
        if isinstance(other, timedelta):
            return self + timedelta._make(-other._us)
        if not isinstance(other, datetime):
            return NotImplemented
        if (self.utcoffset() is None) != (other.utcoffset() is None):
            raise TypeError("can't subtract offset-naive and offset-aware datetimes")
        return timedelta._make(self._us() - other._us())

    def __reduce__(self):
        return type(self), (self._year, self._month, self._day, self._hour, self._minute, self._second,
                            self._microsecond, self._tzinfo)


def _round_to_us(timestamp):
    if isinstance(timestamp, int):
        return timestamp * 10 ** 6
    if timestamp != timestamp:
        raise ValueError("Invalid value NaN (not a number)")
    whole = _math.floor(timestamp)
    return whole * 10 ** 6 + round((timestamp - whole) * 10 ** 6)


datetime.min = datetime(1, 1, 1)
datetime.max = datetime(9999, 12, 31, 23, 59, 59, 999999)
datetime.resolution = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
