import torch

# every operator that runs on the CPU with some plain arguments runs on meta tensors, with the same shapes and dtypes
def arguments(schema, shape, integer, dtype):
    text = schema[schema.index("(") + 1:schema.rindex(") ->")]
    args, kwargs, star = [], {}, False
    depth = 0
    parts, current = [], ""
    for c in text:
        depth += (c in "([") - (c in ")]")
        if c == "," and depth == 0:
            parts.append(current.strip())
            current = ""
        else:
            current += c
    if current.strip():
        parts.append(current.strip())
    for p in parts:
        if p == "*":
            star = True
            continue
        if "=" in p:
            continue
        kind, name = p.rsplit(" ", 1)
        if "!" in kind and star:
            return None
        kind = kind.replace("(a!)", "").replace("(a)", "")
        if kind == "Tensor":
            index = name in ("index", "indices", "target")
            v = torch.zeros(shape, dtype=torch.int64) if index else (torch.rand(shape) + 0.1).to(dtype)
            if name in ("mask", "condition"):
                v = torch.rand(shape) > 0.5
        elif kind == "Tensor?":
            v = None
        elif kind == "Tensor[]":
            v = [(torch.rand(shape) + 0.1).to(dtype) for _ in range(2)]
        elif kind == "Scalar":
            v = 2
        elif kind == "int":
            v = integer
        elif kind == "float":
            v = 0.5
        elif kind == "bool":
            v = True
        elif kind.startswith("int["):
            v = list(shape) if kind.startswith("int[]") else [1] * int(kind[4:kind.index("]")])
        elif kind.startswith("str"):
            v = "mean"
        elif kind == "ScalarType":
            v = torch.float64
        else:
            return None
        if star:
            kwargs[name] = v
        else:
            args.append(v)
    return args, kwargs

def to_meta(v):
    if isinstance(v, torch.Tensor):
        return v.to("meta")
    if isinstance(v, list):
        return [to_meta(x) for x in v]
    return v

def describe(r):
    if isinstance(r, torch.Tensor):
        return (tuple(r.shape), r.dtype, tuple(r.stride()))
    if isinstance(r, (tuple, list)):
        return [describe(x) for x in r]
    return type(r)

def check(f, seen):
    done = 0
    for schema in f._schemas:
        for dtype in (torch.float32, torch.int64, torch.complex64):
            for shape in ((2, 3), (3, 3), (4,), (2, 3, 4), (1, 2, 4, 4)):
                for integer in (0, 1):
                    made = arguments(schema, shape, integer, dtype)
                    if made is None:
                        continue
                    args, kwargs = made
                    if not any(isinstance(a, torch.Tensor) or (isinstance(a, list) and a and isinstance(a[0], torch.Tensor)) for a in args):
                        continue
                    meta = [to_meta(a) for a in args]
                    meta_kwargs = {k: to_meta(v) for k, v in kwargs.items()}
                    try:
                        want = describe(f(*args, **kwargs))
                    except Exception:
                        continue
                    try:
                        got = describe(f(*meta, **meta_kwargs))
                        if got != want:
                            seen.setdefault(schema[:schema.index("(")], f"{got} instead of {want}")
                    except NotImplementedError:
                        pass  # what the elements decide
                    except Exception as e:
                        seen.setdefault(schema[:schema.index("(")], f"{type(e).__name__}: {e}")
                    done += 1
    return done

failed, total, names = {}, 0, 0
for space in (torch, torch.nn.functional, torch.Tensor):
    for name in sorted(dir(space)):
        f = getattr(space, name, None)
        if not hasattr(f, "_schemas"):
            continue
        n = check(f, failed)
        names += n > 0
        total += n
print(names > 600, total > 10000)  # expect: True True
for k in sorted(failed):
    print(k, failed[k])
