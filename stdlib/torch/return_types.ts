"""Results of operators that give several named tensors: tuples whose items are attributes too."""


class _Results(tuple):
    _fields = ()

    def __repr__(self):
        body = ",\n".join(f"{n}={v!r}" for n, v in zip(self._fields, self))
        return f"torch.return_types.{type(self).__name__}(\n{body})"


def _make(name, fields):
    """The class for one operator's results."""
    namespace = {"_fields": tuple(fields), "__module__": "torch.return_types", "n_fields": len(fields)}
    for i, field in enumerate(fields):
        namespace[field] = property(lambda self, i=i: self[i])
    return type(name, (_Results,), namespace)
