"""Arguments of layers: one value for all dimensions, or one each."""
from itertools import repeat


def _ntuple(n, name="parse"):
    def parse(x):
        if hasattr(x, "__iter__") and not isinstance(x, str):
            return tuple(x)
        return tuple(repeat(x, n))

    parse.__name__ = name
    return parse


# Those that scripted code meets are written out.
def _single(x):
    if hasattr(x, "__iter__") and not isinstance(x, str):
        return tuple(x)
    return (x,)


def _pair(x):
    if hasattr(x, "__iter__") and not isinstance(x, str):
        return tuple(x)
    return (x, x)


def _triple(x):
    if hasattr(x, "__iter__") and not isinstance(x, str):
        return tuple(x)
    return (x, x, x)


_quadruple = _ntuple(4, "_quadruple")


def _reverse_repeat_tuple(t, n):
    """The entries from the last on, each n times: what F.pad takes."""
    return tuple(x for x in reversed(t) for _ in range(n))


def _list_with_default(out_size, defaults):
    """Sizes whose None entries are those of the input."""
    if isinstance(out_size, int):
        return out_size
    if len(defaults) <= len(out_size):
        raise ValueError("Input dimension should be at least {}".format(len(out_size) + 1))
    return [v if v is not None else d for v, d in zip(out_size, defaults[-len(out_size):])]


def consume_prefix_in_state_dict_if_present(state_dict, prefix):
    """Takes a prefix off the keys of a state_dict, in place."""
    for key in sorted(state_dict.keys()):
        if key.startswith(prefix):
            state_dict[key[len(prefix):]] = state_dict.pop(key)
    if "_metadata" in state_dict:
        metadata = state_dict["_metadata"]
        for key in list(metadata.keys()):
            if len(key) == 0:
                continue
            metadata[key[len(prefix):]] = metadata.pop(key)
