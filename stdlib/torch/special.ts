"""torch.special: special functions, and the names that functions of torch have there."""
import _torch_c as _C

globals().update({name[8:]: function for name, function in _C._special.__dict__.items() if name.startswith("special_")})

_f = _C._functions
erf, erfc, erfinv, exp2, expm1, log1p = _f.erf, _f.erfc, _f.erfinv, _f.exp2, _f.expm1, _f.log1p
expit, logit, digamma, psi, gammaln, sinc = _f.sigmoid, _f.logit, _f.digamma, _f.digamma, _f.lgamma, _f.sinc
logsumexp, xlogy, softmax, log_softmax = _f.logsumexp, _f.xlogy, _f.softmax, _f.log_softmax


def round(input, *, decimals=0, out=None):
    """Rounds to that many digits after the point."""
    return _f.round(input, decimals=decimals) if out is None else _f.round(input, decimals=decimals, out=out)
