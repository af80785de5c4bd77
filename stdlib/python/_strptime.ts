"""Dates and times read from text by a format."""
import re

_DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_MONTHS = ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
           "december"]


def _any(names):
    return "|".join(sorted(names, key=len, reverse=True))


_PATTERNS = {
    "a": _any([d[:3] for d in _DAYS]), "A": _any(_DAYS), "b": _any([m[:3] for m in _MONTHS]), "B": _any(_MONTHS),
    "d": "3[0-1]|[1-2]\\d|0[1-9]|[1-9]| [1-9]", "f": "[0-9]{1,6}", "H": "2[0-3]|[0-1]\\d|\\d", "I": "1[0-2]|0[1-9]|[1-9]",
    "j": "36[0-6]|3[0-5]\\d|[1-2]\\d\\d|0[1-9]\\d|00[1-9]|[1-9]\\d|0[1-9]|[1-9]", "m": "1[0-2]|0[1-9]|[1-9]",
    "M": "[0-5]\\d|\\d", "p": "am|pm", "S": "6[0-1]|[0-5]\\d|\\d", "U": "5[0-3]|[0-4]\\d|\\d", "W": "5[0-3]|[0-4]\\d|\\d",
    "w": "[0-6]", "u": "[1-7]", "G": "\\d\\d\\d\\d", "V": "5[0-3]|0[1-9]|[1-4]\\d|\\d", "y": "\\d\\d", "Y": "\\d\\d\\d\\d",
    "z": "[+-]\\d\\d:?[0-5]\\d(?::?[0-5]\\d(?:\\.\\d{1,6})?)?|Z|z", "Z": "utc|gmt|[a-z]{3,5}", "%": "%"}
_WHOLE = {"c": "%a %b %d %H:%M:%S %Y", "x": "%m/%d/%y", "X": "%H:%M:%S", "D": "%m/%d/%y", "T": "%H:%M:%S", "R": "%H:%M",
          "F": "%Y-%m-%d", "r": "%I:%M:%S %p"}
_compiled = {}


def _pattern(format):
    known = _compiled.get(format)
    if known is not None:
        return known
    out, seen = [], set()
    text = format
    for c in ("c", "x", "X"):
        text = text.replace("%" + c, _WHOLE[c])
    i = 0
    while i < len(text):
        c = text[i]
        i += 1
        if c.isspace():
            while i < len(text) and text[i].isspace():
                i += 1
            out.append("\\s+")
        elif c != "%":
            out.append(re.escape(c))
        else:
            if i == len(text):
                raise ValueError("stray %% in format '%s'" % format)
            c = text[i]
            i += 1
            if c == "%":
                out.append("%")
            elif c not in _PATTERNS:
                raise ValueError("'%s' is a bad directive in format '%s'" % (c, format))
            elif c in seen:
                raise re.error(f"redefinition of group name '{c}'")
            else:
                seen.add(c)
                out.append(f"(?P<{c}>{_PATTERNS[c]})")
    compiled = _compiled[format] = re.compile("".join(out), re.IGNORECASE)
    return compiled


def parse(text, format):
    """The fields of a date and time as a dict."""
    for value, place in ((text, 1), (format, 2)):
        if not isinstance(value, str):
            raise TypeError("strptime() argument %d must be str, not %s" % (place, type(value).__name__))
    found = _pattern(format).match(text)
    if not found:
        raise ValueError("time data %r does not match format %r" % (text, format))
    if len(text) != found.end():
        raise ValueError("unconverted data remains: %s" % text[found.end():])
    g = found.groupdict()
    year, month, day = 1900, 1, 1
    hour = minute = second = us = 0
    offset = zone = None
    weekday = week = week_start = julian = iso_year = iso_week = None
    has_year = False
    if "y" in g:
        year = int(g["y"])
        year += 2000 if year <= 68 else 1900
        has_year = True
    if "Y" in g:
        year = int(g["Y"])
        has_year = True
    if "G" in g:
        iso_year = int(g["G"])
    if "m" in g:
        month = int(g["m"])
    if "B" in g:
        month = _MONTHS.index(g["B"].lower()) + 1
    if "b" in g:
        month = [m[:3] for m in _MONTHS].index(g["b"].lower()) + 1
    if "d" in g:
        day = int(g["d"])
    if "H" in g:
        hour = int(g["H"])
    if "I" in g:
        hour = int(g["I"]) % 12
        if g.get("p", "").lower() == "pm":
            hour += 12
    if "M" in g:
        minute = int(g["M"])
    if "S" in g:
        second = int(g["S"])
    if "f" in g:
        us = int(g["f"].ljust(6, "0"))
    if "A" in g:
        weekday = _DAYS.index(g["A"].lower())
    if "a" in g:
        weekday = [d[:3] for d in _DAYS].index(g["a"].lower())
    if "w" in g:
        weekday = (int(g["w"]) - 1) % 7
    if "u" in g:
        weekday = int(g["u"]) - 1
    if "j" in g:
        julian = int(g["j"])
    if "U" in g or "W" in g:
        week_start = 6 if "U" in g else 0
        week = int(g["U"] if "U" in g else g["W"])
    if "V" in g:
        iso_week = int(g["V"])
    if "z" in g:
        z = g["z"]
        if z in "Zz":
            offset = 0
        else:
            digits = z[1:].replace(":", "")
            offset = (int(digits[:2]) * 3600 + int(digits[2:4]) * 60 + int(digits[4:6] or 0)) * 10 ** 6
            if "." in digits:
                offset += int(digits.split(".")[1].ljust(6, "0"))
            if z[0] == "-":
                offset = -offset
    if "Z" in g:
        name = g["Z"].lower()
        if name in ("utc", "gmt"):
            zone = g["Z"]
    if iso_year is not None and (iso_week is None or weekday is None):
        raise ValueError("ISO year directive '%G' must be used with the ISO week directive '%V' and a weekday directive "
                         "('%A', '%a', '%w', or '%u').")
    if iso_week is not None and iso_year is None:
        raise ValueError("ISO week directive '%V' must be used with the ISO year directive '%G' and a weekday directive "
                         "('%A', '%a', '%w', or '%u').")
    if year == 1900 and not has_year and month == 2 and day == 29:
        year = 1904
    import datetime
    if iso_year is not None:
        d = datetime.date.fromisocalendar(iso_year, iso_week, weekday + 1)
        year, month, day = d.year, d.month, d.day
    elif julian is not None and "d" not in g:
        d = datetime.date(year, 1, 1) + datetime.timedelta(julian - 1)
        year, month, day = d.year, d.month, d.day
    elif week is not None and weekday is not None:
        first = datetime.date(year, 1, 1)
        begin = (week_start - first.weekday()) % 7
        d = first + datetime.timedelta(begin + (week - 1) * 7 + (weekday - week_start) % 7)
        year, month, day = d.year, d.month, d.day
    return {"year": year, "month": month, "day": day, "hour": hour, "minute": minute, "second": second, "microsecond": us,
            "offset": offset, "zone": zone, "weekday": weekday}
