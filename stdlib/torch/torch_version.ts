"""The version as a string that compares by its numbers."""


def _key(version):
    import re
    if isinstance(version, tuple):
        version = ".".join(str(part) for part in version)
    m = re.match(r"\s*v?(\d+(?:\.\d+)*)(?:[-_.]?(a|b|c|rc|alpha|beta|pre|preview)[-_.]?(\d*))?(\.?dev\d*)?(?:\+.*)?\s*$", version)
    if m is None:
        raise ValueError(f"Invalid version: '{version}'")
    numbers = [int(part) for part in m.group(1).split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    order = {"a": 0, "alpha": 0, "b": 1, "beta": 1}
    stage = (order.get(m.group(2), 2), int(m.group(3) or 0)) if m.group(2) else (3, 0) if not m.group(4) else (-1, 0)
    return numbers, stage


class TorchVersion(str):
    """Compares with strings, and with tuples of numbers, as versions; with anything that is none, as a string."""

    def _compare(self, other, operator):
        try:
            return operator(_key(str(self)), _key(other))
        except (ValueError, TypeError):
            return operator(str(self), other)

    def __eq__(self, other):
        return self._compare(other, lambda a, b: a == b)

    def __ne__(self, other):
        return self._compare(other, lambda a, b: a != b)

    def __lt__(self, other):
        return self._compare(other, lambda a, b: a < b)

    def __le__(self, other):
        return self._compare(other, lambda a, b: a <= b)

    def __gt__(self, other):
        return self._compare(other, lambda a, b: a > b)

    def __ge__(self, other):
        return self._compare(other, lambda a, b: a >= b)

    __hash__ = str.__hash__
