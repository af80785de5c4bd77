"""Clocks, sleeping, and calendar times."""
import _time
from _record import Record
from _time import (daylight, monotonic, monotonic_ns, perf_counter, perf_counter_ns, process_time, process_time_ns, sleep,
                   thread_time, thread_time_ns, time, time_ns, timezone, tzname)

altzone = timezone


class struct_time(Record):
    """A calendar time: nine numbers, and the zone's name and offset."""

    _names = ("tm_year", "tm_mon", "tm_mday", "tm_hour", "tm_min", "tm_sec", "tm_wday", "tm_yday", "tm_isdst")

    def __new__(cls, values):
        values = tuple(values)
        self = super().__new__(cls, values[:9])
        self.tm_zone = values[9] if len(values) > 9 else None
        self.tm_gmtoff = values[10] if len(values) > 10 else None
        return self

    def __repr__(self):
        return "time." + super().__repr__()


def localtime(seconds=None):
    return struct_time(_time.localtime(seconds))


def gmtime(seconds=None):
    return struct_time(_time.gmtime(seconds))


def mktime(t):
    return _time.mktime(t)


def strftime(format, t=None):
    return _time.strftime(format, localtime() if t is None else t)


def strptime(string, format="%a %b %d %H:%M:%S %Y"):
    """The calendar time of a text."""
    import datetime
    from _strptime import parse
    f = parse(string, format)
    day = datetime.date(f["year"], f["month"], f["day"])
    yday = day.toordinal() - datetime.date(f["year"], 1, 1).toordinal() + 1
    year = 1900 if f["year"] == 1904 and "%y" not in format.lower() else f["year"]
    wday = day.weekday() if f["weekday"] is None else f["weekday"]
    return struct_time((year, f["month"], f["day"], f["hour"], f["minute"], f["second"], wday, yday, -1))


_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def asctime(t=None):
    t = localtime() if t is None else t
    return "%s %s %2d %02d:%02d:%02d %d" % (_DAYS[t[6]], _MONTHS[t[1] - 1], t[2], t[3], t[4], t[5], t[0])


def ctime(seconds=None):
    return asctime(localtime(seconds))
