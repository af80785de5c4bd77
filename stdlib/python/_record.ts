"""Records of named values that are also tuples, for sys and time."""


class Record(tuple):
    """Items by number and by name."""

    _names = ()

    def __repr__(self):
        return type(self).__name__ + "(" + ", ".join(f"{n}={v!r}" for n, v in zip(self._names, self)) + ")"

    def __getattr__(self, name):
        try:
            return self[self._names.index(name)]
        except ValueError:
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'") from None


def record(type_name, names, values):
    """A Record of a class of its own."""
    module, _, name = type_name.rpartition(".")
    cls = type(type_name, (Record,), {"_names": tuple(names), "__module__": module, "n_fields": len(names)})
    return cls(values)
