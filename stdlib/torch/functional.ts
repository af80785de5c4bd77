"""Functions of torch that are compositions of operators, or that take their arguments in more ways than an operator does."""
import torch
import _script
import _torch_c as _C

_private = _C._private


# --- shapes ----------------------------------------------------------------------------------------------------------------------
def broadcast_shapes(*shapes):
    """The shape that tensors of these shapes are expanded to together."""
    result = torch.Size([])
    for shape in shapes:
        if isinstance(shape, (int, torch.Tensor)):
            shape = (shape,)
        elif not isinstance(shape, (tuple, list)):
            raise RuntimeError("Input shapes should be of type ints, a tuple of ints, or a list of ints, got ", shape)
        for size in shape:
            if size < 0:
                raise RuntimeError(f"Trying to create tensor with negative dimension ({size}): ({size})")
        try:
            result = _C._infer_size(tuple(result), tuple(shape))
        except RuntimeError:
            raise RuntimeError("Shape mismatch: objects cannot be broadcast to a single shape") from None
    return torch.Size(result)


def split(tensor, split_size_or_sections, dim=0):
    """Pieces of a dimension."""
    return tensor.split(split_size_or_sections, dim)


def _tensors(function):
    """An operator on a list of tensors, callable with the tensors themselves."""

    def call(*tensors):
        if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)):
            tensors = tensors[0]
        return function(list(tensors))

    call.__name__ = function.__name__
    return call


def block_diag(*tensors):
    """Matrices along the diagonal of a larger one."""
    if not tensors:
        return torch.zeros(1, 0)
    return _C._functions.block_diag(list(tensors))


def cartesian_prod(*tensors):
    """All combinations of the tensors' elements, a row each."""
    if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)):
        tensors = tensors[0]
    return _C._functions.cartesian_prod(list(tensors))


def chain_matmul(*matrices, out=None):
    """The product of several matrices; older than linalg.multi_dot."""
    if len(matrices) == 1 and isinstance(matrices[0], (list, tuple)):
        matrices = matrices[0]
    if len(matrices) == 1:
        return matrices[0]
    result = torch.linalg.multi_dot(list(matrices))
    if out is None:
        return result
    out.resize_(result.shape)
    return out.copy_(result)


def tensordot(a, b, dims=2, out=None):
    """Sums of products along several dimensions."""
    if not isinstance(dims, (tuple, list, torch.Tensor, int)):
        raise RuntimeError(f"tensordot expects dims to be int or Tuple[List[int], List[int]] or List[List[int]] containing two lists, "
                           f"but got dims={dims}")
    if isinstance(dims, torch.Tensor):
        if dims.numel() > 1:
            first, second = dims[0].tolist(), dims[1].tolist()
        else:
            dims = int(dims.item())
    if isinstance(dims, (tuple, list)):
        first, second = dims
        first = [first] if isinstance(first, int) else list(first)
        second = [second] if isinstance(second, int) else list(second)
    elif isinstance(dims, int):
        if dims < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}")
        if dims > min(a.dim(), b.dim()):
            raise RuntimeError(f"tensordot expects dims < ndim_a or ndim_b, but got dims={dims}")
        first, second = list(range(-dims, 0)), list(range(dims))
    if out is None:
        return _C._functions.tensordot(a, b, first, second)
    return _C._functions.tensordot(a, b, first, second, out=out)


def _pair(left, right, summed):
    """The product of two tensors laid out over the same indices, summed over some of them (which stay, of size 1)."""
    both, only_left, only_right, contracted = [], [], [], []
    batch = rows = columns = inner = 1
    for i in range(left.dim()):
        l, r = left.size(i) != 1, right.size(i) != 1
        if summed[i]:
            if l and r:
                if left.size(i) != right.size(i):
                    raise RuntimeError("non-broadcast dimensions must match")
                contracted.append(i)
                inner *= left.size(i)
            elif l:
                left = left.sum(i, True)
            elif r:
                right = right.sum(i, True)
        elif l and r:
            if left.size(i) != right.size(i):
                raise RuntimeError("non-broadcast dimensions must match")
            both.append(i)
            batch *= left.size(i)
        elif l:
            only_left.append(i)
            rows *= left.size(i)
        else:
            only_right.append(i)
            columns *= right.size(i)
    size = [left.size(i) for i in both] + [left.size(i) for i in only_left] + [1] * len(contracted) + \
           [right.size(i) for i in only_right]
    order = both + only_left + contracted + only_right
    # Dimensions that were summed away on one side have size 1 and lie wherever they are.
    rest = [i for i in range(left.dim()) if i not in order]
    left = left.permute(both + only_left + contracted + only_right + rest).reshape(batch, rows, inner)
    right = right.permute(both + contracted + only_right + only_left + rest).reshape(batch, inner, columns)
    out = torch.bmm(left, right).view(size + [1] * len(rest))
    full = order + rest
    back = [0] * len(full)
    for place, i in enumerate(full):
        back[i] = place
    return out.permute(back)


def einsum(*args):
    """Sums of products by index letters: einsum("ij,jk->ik", a, b)."""
    if len(args) < 2:
        raise ValueError("einsum(): must specify the equation string and at least one operand, "
                         "or at least one operand and its subscripts list")
    if isinstance(args[0], torch.Tensor):
        # einsum(a, [0, 1], b, [1, 2], [0, 2])
        def letter(n):
            if n is Ellipsis:
                return "..."
            if n >= 0 and n < 26:
                return chr(ord("A") + n)
            if n >= 26 and n < 52:
                return chr(ord("a") + n - 26)
            raise ValueError("einsum(): subscript in subscript list is not within the valid range [0, 52)")

        equation = ",".join("".join(letter(s) for s in l) for l in args[1::2])
        if len(args) % 2 == 1:
            equation += "->" + "".join(letter(s) for s in args[-1])
            operands = args[:-1:2]
        else:
            operands = args[::2]
    else:
        equation, operands = args[0], args[1:]
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = operands[0]
    return _script.run_recorded("aten::einsum", _einsum, (equation, list(operands)))


def _einsum(equation, operands):
    left, arrow, right = equation.partition("->")
    inputs = left.split(",")
    if len(inputs) != len(operands):
        raise RuntimeError("einsum(): more operands were provided than specified in the equation" if len(inputs) < len(operands) else
                           "einsum(): fewer operands were provided than specified in the equation")
    parsed = []
    ellipsis = 0
    counts = {}
    for number, text in enumerate(inputs):
        labels = []
        rest = text.replace(" ", "")
        while rest:
            if rest.startswith("..."):
                if "..." in labels:
                    raise RuntimeError(f"einsum(): found '.' for operand {number} for which an ellipsis was already found")
                labels.append("...")
                rest = rest[3:]
                continue
            c = rest[0]
            if c == ".":
                raise RuntimeError(f"einsum(): found '.' for operand {number} that is not part of any ellipsis")
            if not (c.isalpha() and c.isascii()):
                raise RuntimeError(f"einsum(): invalid subscript given at index {text.index(c)} in the equation string, "
                                   "subscripts must be in [a-zA-Z]")
            labels.append(c)
            counts[c] = counts.get(c, 0) + 1
            rest = rest[1:]
        named = len([l for l in labels if l != "..."])
        dims = operands[number].dim()
        if "..." in labels:
            if named > dims:
                raise RuntimeError(f"einsum(): the number of subscripts in the equation ({named}) is more than the number of dimensions "
                                   f"({dims}) for operand {number}")
            ellipsis = max(ellipsis, dims - named)
        elif named != dims:
            raise RuntimeError(f"einsum(): the number of subscripts in the equation ({named}) does not match the number of dimensions "
                               f"({dims}) for operand {number} and no ellipsis was given")
        parsed.append(labels)
    covered = ["." + str(i) for i in range(ellipsis)]  # the dimensions of the ellipsis, from the left
    if arrow:
        output = []
        rest = right.replace(" ", "")
        while rest:
            if rest.startswith("..."):
                if covered and covered[0] in output:
                    raise RuntimeError("einsum(): found '.' for output but an ellipsis (...) was already found")
                output += covered
                rest = rest[3:]
                continue
            c = rest[0]
            if c == ".":
                raise RuntimeError("einsum(): found '.' for output that is not part of any ellipsis (...)")
            if c in output:
                raise RuntimeError(f"einsum(): output subscript {c} appears more than once in the output")
            if c not in counts:
                raise RuntimeError(f"einsum(): output subscript {c} does not appear in the equation for any input operand")
            output.append(c)
            rest = rest[1:]
    else:
        output = covered + sorted(c for c in counts if counts[c] == 1)
    order = output + [c for c in covered if c not in output] + sorted(c for c in counts if c not in output)
    ready = []
    sizes = {}
    for number, labels in enumerate(parsed):
        operand = operands[number]
        names = []
        for l in labels:
            if l == "...":
                own = operand.dim() - (len(labels) - 1)
                names += covered[ellipsis - own:]
            else:
                names.append(l)
        # A repeated index: its diagonal.
        place = 0
        while place < len(names):
            first = names.index(names[place])
            if first < place:
                if operand.size(first) != operand.size(place):
                    raise RuntimeError(f"einsum(): subscript {names[place]} is repeated for operand {number} but the sizes don't match, "
                                       f"{operand.size(place)} != {operand.size(first)}")
                name = names[place]
                operand = operand.diagonal(0, first, place)
                names = names[:first] + names[first + 1:place] + names[place + 1:] + [name]
                place = 0
                continue
            place += 1
        for name, size in zip(names, operand.shape):
            known = sizes.get(name, 1)
            if known != 1 and size != 1 and known != size:
                raise RuntimeError(f"einsum(): subscript {name} has size {size} for operand {number} which does not broadcast with "
                                   f"previously seen size {known}")
            if known == 1:
                sizes[name] = size
        operand = operand.permute([names.index(c) for c in order if c in names])
        for position, c in enumerate(order):
            if c not in names:
                operand = operand.unsqueeze(position)
        ready.append(operand)
    result = ready[0]
    # An index is summed with the last operand that has it.
    for number in range(1, len(ready)):
        summed = []
        for position in range(len(order)):
            later = any(ready[k].size(position) != 1 for k in range(number + 1, len(ready)))
            summed.append(position >= len(output) and not later)
        result = _pair(result, ready[number], summed)
    extra = [d for d in range(len(output), len(order))]
    if len(ready) == 1:
        return result.sum(extra) if extra else result
    for d in reversed(extra):
        result = result.sum(d) if result.size(d) != 1 else result.squeeze(d)
    return result


# --- different elements ------------------------------------------------------------------------------------------------------------
def unique(input, sorted=True, return_inverse=False, return_counts=False, dim=None):
    """The different elements (with dim: slices), with where each went and how often it came, if asked for."""
    if dim is None:
        output, inverse, counts = _private.unique2(input, sorted, return_inverse, return_counts)
    else:
        output, inverse, counts = _private.unique_dim(input, dim, sorted, return_inverse, return_counts)
    return _some(output, inverse, counts, return_inverse, return_counts)


def unique_consecutive(input, return_inverse=False, return_counts=False, dim=None):
    """The elements without repetitions of the one before."""
    output, inverse, counts = _private.unique_consecutive(input, return_inverse, return_counts, dim)
    return _some(output, inverse, counts, return_inverse, return_counts)


def _some(output, inverse, counts, return_inverse, return_counts):
    if return_inverse and return_counts:
        return output, inverse, counts
    if return_inverse:
        return output, inverse
    if return_counts:
        return output, counts
    return output


# --- windows of a signal -------------------------------------------------------------------------------------------------------------
def stft(input, n_fft, hop_length=None, win_length=None, window=None, center=True, pad_mode="reflect", normalized=False, onesided=None,
         return_complex=None):
    """The Fourier transforms of windows of a signal, as (batch, frequency, frame)."""
    if hop_length is None:
        hop_length = n_fft // 4
    if win_length is None:
        win_length = n_fft
    if return_complex is None:
        return_complex = input.is_complex() or (window is not None and window.is_complex())
        if not return_complex:
            import warnings
            warnings.warn("stft will soon require the return_complex parameter be given for real inputs, and will further require "
                          "that return_complex=True in a future PyTorch release.", UserWarning, stacklevel=2)
    if not input.is_floating_point() and not input.is_complex():
        raise RuntimeError(_stft_text(input, n_fft, hop_length, win_length) + "expected a tensor of floating point or complex values")
    if input.dim() > 2 or input.dim() < 1:
        raise RuntimeError(_stft_text(input, n_fft, hop_length, win_length) + "expected a 1D or 2D tensor")
    x = input.unsqueeze(0) if input.dim() == 1 else input
    if center:
        pad = n_fft // 2
        if pad_mode == "reflect" and pad >= x.size(1):
            raise RuntimeError(f"Argument #4: Padding size should be less than the corresponding input dimension, but got: padding "
                               f"({pad}, {pad}) at dimension 2 of input {[1] + list(x.shape)}")
        x = _pad(x, pad, pad_mode)
    n = x.size(1)
    if n_fft <= 0 or n_fft > n:
        raise RuntimeError(_stft_text(input, n_fft, hop_length, win_length) + f"expected 0 < n_fft < {n}, but got n_fft={win_length}")
    if hop_length <= 0:
        raise RuntimeError(_stft_text(input, n_fft, hop_length, win_length) + f"expected hop_length > 0, but got hop_length={hop_length}")
    if win_length <= 0 or win_length > n_fft:
        raise RuntimeError(_stft_text(input, n_fft, hop_length, win_length) + f"expected 0 < win_length <= n_fft, but got win_length={win_length}")
    if window is not None and (window.dim() != 1 or window.size(0) != win_length):
        raise RuntimeError(_stft_text(input, n_fft, hop_length, win_length) + f"expected a 1D window tensor of size equal to win_length={win_length}, but got window with size "
                           f"{list(window.shape)}")
    complex_frames = x.is_complex() or (window is not None and window.is_complex())
    if onesided is None:
        onesided = not complex_frames
    if onesided and complex_frames:
        raise RuntimeError("Cannot have onesided output if window or input is complex")
    frames = 1 + (n - n_fft) // hop_length
    x = x.as_strided((x.size(0), frames, n_fft), (x.stride(0), hop_length * x.stride(1), x.stride(1)))
    left = (n_fft - win_length) // 2
    if window is None and win_length < n_fft:
        window = torch.ones(win_length, dtype=input.dtype)
    if window is not None:
        if win_length < n_fft:
            window = torch.constant_pad_nd(window, (left, n_fft - win_length - left))
        x = x * window
    norm = "ortho" if normalized else None
    if onesided:
        result = torch.fft.rfft(x, dim=-1, norm=norm)
    else:
        result = torch.fft.fft(x, dim=-1, norm=norm)
    result = result.transpose(1, 2)
    if input.dim() == 1:
        result = result.squeeze(0)
    return result if return_complex else torch.view_as_real(result)


def _shape_text(t):
    return t.type() + "{" + str(list(t.shape)) + "}"


def _stft_text(t, n_fft, hop_length, win_length):
    return f"stft({_shape_text(t)}, n_fft={n_fft}, hop_length={hop_length}, win_length={win_length}): "


def _pad(x, n, mode):
    """A signal (batch, time) longer by n on both sides."""
    if n == 0:
        return x
    if mode == "constant":
        return torch.constant_pad_nd(x, (n, n))
    if mode == "reflect":
        return torch.cat([x[:, 1:n + 1].flip(1), x, x[:, -n - 1:-1].flip(1)], 1)
    if mode == "replicate":
        return torch.cat([x[:, :1].expand(-1, n), x, x[:, -1:].expand(-1, n)], 1)
    if mode == "circular":
        return torch.cat([x[:, -n:], x, x[:, :n]], 1)
    raise NotImplementedError(f"Unrecognised padding mode {mode}")


def istft(input, n_fft, hop_length=None, win_length=None, window=None, center=True, normalized=False, onesided=None, length=None,
          return_complex=False):
    """The signal from the Fourier transforms of its windows."""
    if hop_length is None:
        hop_length = n_fft // 4
    if win_length is None:
        win_length = n_fft
    if not input.is_complex():
        import warnings
        warnings.warn("istft will require a complex-valued input tensor in a future PyTorch release. Matching the output from stft with "
                      "return_complex=True. ", UserWarning, stacklevel=2)
        input = torch.view_as_complex(input.contiguous())
    x = input
    if input.numel() == 0:
        raise RuntimeError("istft input tensor cannot be empty.")
    if x.dim() not in (2, 3):
        raise RuntimeError(f"istft: expected a tensor with 2 or 3 dimensions, but got {x.dim()}")
    if onesided is None:
        onesided = x.size(-2) != n_fft
    if x.size(-2) != (n_fft // 2 + 1 if onesided else n_fft):
        raise RuntimeError(f"istft: expected the frequency dimension (3rd to the last) of the input tensor to match "
                           f"{'n_fft / 2 + 1 when onesided=True' if onesided else 'n_fft when onesided=False'}, but got {x.size(-2)}")
    if not 0 < hop_length <= win_length:
        raise RuntimeError("istft: expected 0 < hop_length <= win_length")
    if not 0 < win_length <= n_fft:
        raise RuntimeError("istft: expected 0 < win_length <= n_fft")
    if window is not None and (window.dim() != 1 or window.size(0) != win_length):
        raise RuntimeError(f"Invalid window shape. window has to be 1D and length of `win_length`")
    if x.dim() == 2:
        x = x.unsqueeze(0)
    real = torch.float64 if x.dtype == torch.complex128 else torch.float32
    if window is None:
        window = torch.ones(win_length, dtype=real)
    if win_length != n_fft:
        left = (n_fft - win_length) // 2
        window = torch.constant_pad_nd(window, (left, n_fft - win_length - left))
    x = x.transpose(1, 2)
    frames = x.size(1)
    norm = "ortho" if normalized else None
    if return_complex:
        y = torch.fft.ifft(x, dim=-1, norm=norm)
    else:
        if not onesided:
            x = x[..., :n_fft // 2 + 1]
        y = torch.fft.irfft(x, n_fft, dim=-1, norm=norm)
    y = y * window.view(1, 1, n_fft)
    total = n_fft + hop_length * (frames - 1)
    where = (torch.arange(frames).unsqueeze(1) * hop_length + torch.arange(n_fft)).reshape(-1)
    signal = torch.zeros(y.size(0), total, dtype=y.dtype).index_add(1, where, y.reshape(y.size(0), -1))
    envelope = torch.zeros(total, dtype=window.dtype).index_add(0, where, (window * window).expand(frames, -1).reshape(-1))
    start = n_fft // 2 if center else 0
    if length is not None:
        end = start + length if center else length
    else:
        end = total - n_fft // 2 if center else total
    signal = signal[:, start:min(end, total)]
    envelope = envelope[start:min(end, total)]
    if bool((envelope.abs() < 1e-11).any()):
        raise RuntimeError("istft(" + _shape_text(input) + f", n_fft={n_fft}, hop_length={hop_length}, win_length={win_length}"
                           f", ...) window overlap add min: 1")
    signal = signal / envelope
    if end > total:
        import warnings
        warnings.warn("The length of signal is shorter than the length parameter. Result is being padded with zeros in the tail. Please "
                      "check your center and hop_length settings.", UserWarning, stacklevel=2)
        signal = torch.constant_pad_nd(signal, (0, end - total))
    return signal.squeeze(0) if input.dim() == 2 else signal


# --- decompositions --------------------------------------------------------------------------------------------------------------------
def lu(A, pivot=True, get_infos=False, out=None):
    """The LU decomposition as one matrix, and the row swaps; older than linalg.lu_factor."""
    factors, pivots, infos = torch.linalg.lu_factor_ex(A, pivot=pivot)
    result = (factors, pivots, infos) if get_infos else (factors, pivots)
    if out is not None:
        if not isinstance(out, (tuple, list)):
            raise TypeError(f"argument 'out' must be tuple of Tensors, not {type(out).__name__}")
        if len(out) - int(get_infos) != 2:
            raise TypeError(f"expected tuple of {2 + int(get_infos)} elements but got {len(out)}")
        for target, value in zip(out, result):
            target.resize_(value.shape).copy_(value)
        return tuple(out)
    return result


def svd_lowrank(A, q=6, niter=2, M=None):
    """The largest singular values of a matrix, by random projection."""
    m, n = A.shape[-2:]
    q = 6 if q is None else q
    centred = A if M is None else A - M
    if m < n or n > q:
        # By way of the transpose, which keeps what is decomposed small.
        Q = _range_basis(centred.mT, q, niter)
        U, S, Vh = torch.linalg.svd(centred.matmul(Q.conj()), full_matrices=False)
        return U, S, Q.matmul(Vh.mH)
    Q = _range_basis(centred, q, niter)
    U, S, Vh = torch.linalg.svd(centred.mT.matmul(Q.conj()).mT, full_matrices=False)
    return Q.matmul(U), S, Vh.mH


def _range_basis(A, q, niter):
    """An orthonormal basis of nearly all that the matrix reaches."""
    R = torch.randn(A.shape[-1], q, dtype=A.dtype, device=A.device)
    Q = torch.linalg.qr(A.matmul(R)).Q
    for _ in range(niter):
        Q = torch.linalg.qr(A.mH.matmul(Q)).Q
        Q = torch.linalg.qr(A.matmul(Q)).Q
    return Q


def pca_lowrank(A, q=None, center=True, niter=2):
    """The principal components of rows."""
    m, n = A.shape[-2:]
    if q is None:
        q = min(6, m, n)
    elif not (q >= 0 and q <= min(m, n)):
        raise ValueError(f"q(={q}) must be non-negative integer and not greater than min(m, n)={min(m, n)}")
    if not (niter >= 0):
        raise ValueError(f"niter(={niter}) must be non-negative integer")
    if not A.is_floating_point() and not A.is_complex():
        A = A.to(torch.get_default_dtype())
    if not center:
        return svd_lowrank(A, q, niter=niter, M=None)
    return svd_lowrank(A - A.mean(dim=-2, keepdim=True), q, niter=niter, M=None)


def lobpcg(A, k=None, B=None, X=None, n=None, iK=None, niter=None, tol=None, largest=None, method=None, tracker=None,
           ortho_iparams=None, ortho_fparams=None, ortho_bparams=None):
    """The k largest (or smallest) eigenvalues of a symmetric matrix with their vectors: here by a full decomposition."""
    if k is None:
        k = 1 if X is None else X.shape[-1]
    if B is not None:
        L = torch.linalg.cholesky(B)
        C = torch.linalg.solve_triangular(L, torch.linalg.solve_triangular(L, A, upper=False).mH, upper=False)
        values, vectors = torch.linalg.eigh(C)
        vectors = torch.linalg.solve_triangular(L.mH, vectors, upper=True)
    else:
        values, vectors = torch.linalg.eigh(A)
    if largest is None or largest:
        values, vectors = values.flip(-1), vectors.flip(-1)
    return values[..., :k], vectors[..., :k]


# --- derivatives by differences ----------------------------------------------------------------------------------------------------------
def gradient(input, *, spacing=None, dim=None, edge_order=1):
    """The gradient of a function given by its values on a grid: central differences."""
    if input.is_floating_point() is False and not input.is_complex() and input.dtype in (torch.uint8,):
        raise RuntimeError("torch.gradient does not support uint8 input.")
    if edge_order not in (1, 2):
        raise RuntimeError("torch.gradient only supports edge_order=1 and edge_order=2.")
    dims = list(range(input.dim())) if dim is None else [dim] if isinstance(dim, int) else list(dim)
    for d in dims:
        if d < -input.dim() or d >= input.dim():
            raise IndexError(f"Dimension out of range (expected to be in range of [{-input.dim()}, {input.dim() - 1}], but got {d})")
    wrapped = [d % input.dim() if input.dim() else 0 for d in dims]
    if len(set(wrapped)) < len(wrapped):
        raise RuntimeError("dim " + str(wrapped[0]) + " appears multiple times in the list of dims")
    if spacing is None or isinstance(spacing, (int, float, complex)):
        steps = [1 if spacing is None else spacing] * len(wrapped)
    elif isinstance(spacing, torch.Tensor):
        steps = [spacing]
    else:
        steps = list(spacing)
    if len(steps) != len(wrapped):
        raise RuntimeError(f"torch.gradient expected spacing to be unspecified, a scalar or a list of length equal to 'self.dim() = "
                           f"{input.dim()}', since dim argument was not given, but got a list of length {len(steps)}" if dim is None else
                           f"torch.gradient expected spacing to be unspecified, a scalar or it's spacing and dim arguments to have the "
                           f"same length, but got a spacing argument of length {len(steps)} and a dim argument of length {len(wrapped)}.")
    result = []
    for d, step in zip(wrapped, steps):
        n = input.size(d)
        if n < edge_order + 1:
            raise RuntimeError("torch.gradient expected each dimension size to be at least edge_order+1")
        part = lambda a, b: input.narrow(d, a, b - a)
        if isinstance(step, torch.Tensor) and step.dim() > 0:
            if step.numel() != n:
                raise RuntimeError("torch.gradient expected each element of 'spacing' to have the same length as its dimension")
            shape = [1] * input.dim()
            shape[d] = -1
            h = (step[1:] - step[:-1]).reshape(-1)
            a, b = h[:-1].reshape(shape), h[1:].reshape(shape)
            middle = (part(0, n - 2) * (-b / (a * (a + b))) + part(1, n - 1) * ((b - a) / (a * b)) +
                      part(2, n) * (a / (b * (a + b))))
            if edge_order == 1:
                first = (part(1, 2) - part(0, 1)) / h[0]
                last = (part(n - 1, n) - part(n - 2, n - 1)) / h[-1]
            else:
                p, q = h[0], h[1]
                first = (part(0, 1) * (-(2 * p + q) / (p * (p + q))) + part(1, 2) * ((p + q) / (p * q)) +
                         part(2, 3) * (-p / (q * (p + q))))
                p, q = h[-2], h[-1]
                last = (part(n - 3, n - 2) * (q / (p * (p + q))) + part(n - 2, n - 1) * (-(q + p) / (p * q)) +
                        part(n - 1, n) * ((2 * q + p) / (q * (p + q))))
        else:
            middle = (part(2, n) - part(0, n - 2)) / (2 * step)
            if edge_order == 1:
                first = (part(1, 2) - part(0, 1)) / step
                last = (part(n - 1, n) - part(n - 2, n - 1)) / step
            else:
                first = (-1.5 * part(0, 1) + 2 * part(1, 2) - 0.5 * part(2, 3)) / step
                last = (1.5 * part(n - 1, n) - 2 * part(n - 2, n - 1) + 0.5 * part(n - 3, n - 2)) / step
        result.append(torch.cat([first, middle, last], d))
    return tuple(result)


# --- counting ---------------------------------------------------------------------------------------------------------------------------
def histogramdd(input, bins, *, range=None, weight=None, density=False, out=None):
    """How many rows fall into each box of a grid."""
    dims = input.size(-1)
    rows = input.reshape(-1, dims)
    if isinstance(bins, int):
        bins = [bins] * dims
    edges, places = [], []
    inside = torch.ones(rows.size(0), dtype=torch.bool)
    for d, count in enumerate(bins):
        column = rows[:, d].contiguous()
        if isinstance(count, torch.Tensor):
            e = count
        else:
            low, high = (range[2 * d], range[2 * d + 1]) if range is not None else \
                ((column.min().item(), column.max().item()) if column.numel() else (0.0, 1.0))
            if low == high:
                low, high = low - 0.5, high + 0.5
            e = torch.linspace(low, high, count + 1, dtype=input.dtype)
        n = e.numel() - 1
        at = torch.searchsorted(e, column, right=True) - 1
        at = torch.where(column == e[-1], n - 1, at)
        inside &= (at >= 0) & (at < n)
        edges.append(e)
        places.append(at)
    shape = [e.numel() - 1 for e in edges]
    flat = torch.zeros(rows.size(0), dtype=torch.int64)
    for at, n in zip(places, shape):
        flat = flat * n + at
    total = 1
    for n in shape:
        total *= n
    values = torch.ones(rows.size(0), dtype=input.dtype) if weight is None else weight.reshape(-1).to(input.dtype)
    counts = torch.zeros(total, dtype=input.dtype).index_add(0, flat[inside], values[inside]).reshape(shape)
    if density:
        counts = counts / counts.sum()
        for d, e in enumerate(edges):
            size = [1] * len(edges)
            size[d] = -1
            counts = counts / (e[1:] - e[:-1]).reshape(size)
    from torch.return_types import _make
    return _make("histogramdd", ["hist", "bin_edges"])((counts, tuple(edges)))


def segment_reduce(data, reduce, *, lengths=None, indices=None, offsets=None, axis=0, unsafe=False, initial=None):
    """Reductions of consecutive pieces of a dimension."""
    if lengths is None and offsets is None:
        raise RuntimeError("segment_reduce(): Either lengths or offsets must be defined.")
    axis = axis % data.dim()
    batch = (lengths if lengths is not None else offsets).shape[:-1]
    if lengths is None:
        lengths = offsets[..., 1:] - offsets[..., :-1]
    if not unsafe:
        if bool((lengths < 0).any()):
            raise RuntimeError("lengths contains negative value!")
        if bool((lengths.sum(-1) != data.size(axis)).any()):
            raise RuntimeError("Expected all rows of lengths along axis to sum to data.size(lengths.dim()-1) when !unsafe.")

    def pieces(x, sizes, d):
        out, start = [], 0
        for n in sizes:
            part = x.narrow(d, start, n)
            start += n
            if n == 0:
                neutral = initial if initial is not None else \
                    {"sum": 0.0, "mean": float("nan"), "max": -float("inf"), "min": float("inf"), "prod": 1.0}[reduce]
                shape = list(x.shape)
                del shape[d]
                out.append(torch.full(shape, neutral, dtype=x.dtype))
                continue
            if reduce == "sum":
                r = part.sum(d) if initial is None else part.sum(d) + initial
            elif reduce == "mean":
                r = part.mean(d) if initial is None else (part.sum(d) + initial) / n
            elif reduce == "prod":
                r = part.prod(d) if initial is None else part.prod(d) * initial
            elif reduce == "max":
                r = part.amax(d) if initial is None else part.amax(d).clamp_min(initial)
            elif reduce == "min":
                r = part.amin(d) if initial is None else part.amin(d).clamp_max(initial)
            else:
                raise RuntimeError(f"Expected reduce in ['max', 'mean', 'min', 'sum', 'prod'] but got {reduce}")
            out.append(r)
        return torch.stack(out, d)

    def nested(x, sizes, d):
        if sizes.dim() == 1:
            return pieces(x, sizes.tolist(), d)
        return torch.stack([nested(x[i], sizes[i], d - 1) for i in range(sizes.size(0))])

    return nested(data, lengths, axis)


# --- data of others ---------------------------------------------------------------------------------------------------------------------
def asarray(obj, *, dtype=None, device=None, copy=None, requires_grad=False):
    """A tensor of the data, shared where it is a tensor already."""
    if isinstance(obj, torch.Tensor):
        result = obj if dtype is None or dtype == obj.dtype else obj.to(dtype)
        if copy:
            result = result.clone() if result is obj else result
        if copy is False and result is not obj:
            raise ValueError(f"can't alias tensor with dtype '{obj.dtype}' into dtype '{dtype}'.")
        if not requires_grad:
            result = result.detach()
        return result.requires_grad_() if requires_grad else result
    if isinstance(obj, (bytes, bytearray)):
        return frombuffer(obj, dtype=torch.get_default_dtype() if dtype is None else dtype)
    if copy is False:
        raise ValueError("can't alias arbitrary sequence into a tensor.")
    return torch.tensor(obj, dtype=dtype, device=device, requires_grad=requires_grad)


def frombuffer(buffer, *, dtype, count=-1, offset=0, requires_grad=False):
    """A tensor of the bytes of an object (a copy of them)."""
    item = torch.empty(0, dtype=dtype).element_size()
    size = len(buffer)
    if size == 0 or count == 0:
        raise ValueError(f"both buffer length ({size}) and count ({count}) must not be 0")
    if offset < 0 or offset >= size:
        raise ValueError(f"offset ({offset} bytes) must be non-negative and no greater than buffer length ({size} bytes) - 1")
    if count < 0:
        if (size - offset) % item:
            raise ValueError(f"buffer length ({size - offset} bytes) after offset ({offset} bytes) must be a multiple of element size ({item})")
        count = (size - offset) // item
    if offset + count * item > size:
        raise ValueError(f"requested buffer length ({count} * {item} bytes) after offset ({offset} bytes) must not be greater than actual "
                         f"buffer length ({size} bytes)")
    data = torch.tensor(list(buffer[offset:offset + count * item]), dtype=torch.uint8)
    result = data.view(dtype) if dtype != torch.uint8 else data
    return result.requires_grad_() if requires_grad else result


def from_numpy(ndarray):
    raise NotImplementedError("there is no NumPy here: make tensors of lists with torch.tensor(...)")


def vmap(func, in_dims=0, out_dims=0):
    """func over a batch dimension of its arguments: here a loop whose results are stacked."""

    def batched(*args):
        dims = in_dims if isinstance(in_dims, (tuple, list)) else (in_dims,) * len(args)
        sizes = [a.size(d) for a, d in zip(args, dims) if d is not None]
        if not sizes:
            raise ValueError(f"vmap({func.__name__}, in_dims={in_dims}, ...)(<inputs>): at least one argument must be mapped over")
        if len(set(sizes)) > 1:
            raise ValueError(f"vmap: Expected all tensors to have the same size in the mapped dimension, got sizes {sizes} for the mapped "
                             "dimension")
        results = []
        for i in range(sizes[0]):
            results.append(func(*[a if d is None else a.select(d, i) for a, d in zip(args, dims)]))
        if isinstance(results[0], tuple):
            places = out_dims if isinstance(out_dims, tuple) else (out_dims,) * len(results[0])
            return tuple(torch.stack(list(parts), d) for parts, d in zip(zip(*results), places))
        return torch.stack(results, out_dims)

    return batched


def _removed(name, instead):
    def function(*args, **kwargs):
        raise RuntimeError(f"This function was deprecated since version 1.9 and is now removed. Please use the `torch.linalg.{instead}` "
                           "function instead.")

    function.__name__ = name
    return function


solve, lstsq, eig, matrix_rank = (_removed(name, name) for name in ("solve", "lstsq", "eig", "matrix_rank"))


def frobenius_norm(input, dim=(), keepdim=False):
    """The root of the sum of squares."""
    dims = (dim,) if isinstance(dim, int) else tuple(dim)
    return torch.linalg.vector_norm(input, 2, dims or None, keepdim)


def norm_except_dim(v, pow=2, dim=0):
    """The norm over every dimension but one, with the others kept at size 1; -1: over all."""
    if dim == -1:
        return v.norm(pow)
    if dim == 0:
        return v.contiguous().view(v.size(0), -1).norm(pow, 1).view([v.size(0)] + [1] * (v.dim() - 1))
    if dim == v.dim() - 1:
        return v.contiguous().view(-1, v.size(-1)).norm(pow, 0).view([1] * (v.dim() - 1) + [v.size(-1)])
    return norm_except_dim(v.transpose(0, dim), pow, 0).transpose(0, dim)


def _copied(name):
    def function(input, *args, **kwargs):
        out = getattr(input, name)(*args, **kwargs)
        return tuple(part.clone() for part in out) if isinstance(out, (tuple, list)) else out.clone(memory_format=torch.contiguous_format)

    function.__name__ = name + "_copy"
    function.__doc__ = f"What Tensor.{name} gives, in memory of its own."
    return function


for _name in ("t", "view", "expand", "permute", "transpose", "squeeze", "unsqueeze", "select", "split", "unbind", "detach", "diagonal",
              "as_strided"):
    globals()[_name + "_copy"] = _copied(_name)


def alias_copy(input):
    return input.clone()


# --- sparse matrices ---
def spmm(input, mat2):
    """A sparse matrix times a dense one."""
    return torch.mm(input, mat2)


dsmm = spmm


def smm(input, mat):
    """A sparse matrix times a dense one, as a sparse one."""
    from torch import sparse
    return sparse._FUNCTIONS["smm"](input, mat)


hspmm = smm


def sparse_csr_tensor(crow_indices, col_indices, values, size=None, *, dtype=None, layout=None, device=None, requires_grad=False,
                      pin_memory=False):
    """A sparse matrix by rows."""
    from torch import sparse
    return sparse._make_csr(crow_indices, col_indices, values, size, dtype, requires_grad)


# --- sparse tensors ------------------------------------------------------------------------------------------------------------------------
def sparse_coo_tensor(indices, values=None, size=None, *, dtype=None, device=None, requires_grad=False):
    """A sparse tensor of values and their places."""
    from torch import sparse
    return sparse._make(indices, values, size, dtype, device, requires_grad)


def align_tensors(*tensors):
    raise NotImplementedError("tsvm has no named tensors")
