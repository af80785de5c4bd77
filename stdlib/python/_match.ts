"""What patterns of the match statement match.

A pattern is a tuple that begins with what it is: 0 a value, 1 None or True or False, 2 a name (and perhaps what is inside of it), 3
alternatives, 4 a sequence, 5 a mapping, 6 a class, 7 a star in a sequence.
"""
from collections.abc import Mapping, Sequence

_ITSELF = (bool, bytearray, bytes, dict, float, frozenset, int, list, set, str, tuple)
_missing = object()


def match(subject, pattern):
    """The values of the pattern's names by name; None when it does not match."""
    found = {}
    return found if _matches(subject, pattern, found) else None


def _matches(subject, pattern, found):
    kind = pattern[0]
    if kind == 0:
        return bool(subject == pattern[1])
    if kind == 1:
        return subject is pattern[1]
    if kind == 2:
        if pattern[1] is not None and not _matches(subject, pattern[1], found):
            return False
        if pattern[2] is not None:
            found[pattern[2]] = subject
        return True
    if kind == 3:
        for alternative in pattern[1]:
            inner = {}
            if _matches(subject, alternative, inner):
                found.update(inner)
                return True
        return False
    if kind == 4:
        return _sequence(subject, pattern[1], found)
    if kind == 5:
        return _mapping(subject, *pattern[1:], found)
    return _class(subject, *pattern[1:], found)


def _sequence(subject, patterns, found):
    if not isinstance(subject, Sequence) or isinstance(subject, (str, bytes, bytearray)):
        return False
    star = -1
    for i, p in enumerate(patterns):
        if p[0] == 7:
            star = i
    length, count = len(subject), len(patterns)
    if star < 0:
        return length == count and all(_matches(subject[i], p, found) for i, p in enumerate(patterns))
    if length < count - 1:
        return False
    behind = count - star - 1
    for i in range(star):
        if not _matches(subject[i], patterns[i], found):
            return False
    if patterns[star][1] is not None:
        found[patterns[star][1]] = [subject[i] for i in range(star, length - behind)]
    return all(_matches(subject[length - behind + i], patterns[star + 1 + i], found) for i in range(behind))


def _mapping(subject, keys, patterns, rest, found):
    if not isinstance(subject, Mapping) or len(subject) < len(keys):
        return False
    seen = set()
    values = []
    for key in keys:
        if key in seen:
            raise ValueError(f"mapping pattern checks duplicate key ({key!r})")
        seen.add(key)
        value = subject.get(key, _missing)
        if value is _missing:
            return False
        values.append(value)
    for value, p in zip(values, patterns):
        if not _matches(value, p, found):
            return False
    if rest is not None:
        found[rest] = {key: subject[key] for key in subject if key not in seen}
    return True


def _class(subject, cls, patterns, names, keyword_patterns, found):
    if not isinstance(cls, type):
        raise TypeError("called match pattern must be a type")
    if not isinstance(subject, cls):
        return False
    if patterns:
        own = getattr(cls, "__match_args__", _missing)
        if own is _missing:
            itself = any(issubclass(cls, t) for t in _ITSELF)
            if len(patterns) > itself:
                allowed = "1 positional sub-pattern" if itself else "0 positional sub-patterns"
                raise TypeError(f"{cls.__name__}() accepts {allowed} ({len(patterns)} given)")
            if not _matches(subject, patterns[0], found):
                return False
            own = ()
            patterns = ()
        elif type(own) is not tuple:
            raise TypeError(f"{cls.__name__}.__match_args__ must be a tuple (got {type(own).__name__})")
        if len(patterns) > len(own):
            plural = "" if len(own) == 1 else "s"
            raise TypeError(f"{cls.__name__}() accepts {len(own)} positional sub-pattern{plural} ({len(patterns)} given)")
        for name in own[:len(patterns)]:
            if not isinstance(name, str):
                raise TypeError(f"__match_args__ elements must be strings (got {type(name).__name__})")
        names = own[:len(patterns)] + names
        keyword_patterns = patterns + keyword_patterns
    if len(set(names)) < len(names):
        for i, name in enumerate(names):
            if name in names[:i]:
                raise TypeError(f"{cls.__name__}() got multiple sub-patterns for attribute {name!r}")
    for name, p in zip(names, keyword_patterns):
        value = getattr(subject, name, _missing)
        if value is _missing or not _matches(value, p, found):
            return False
    return True
