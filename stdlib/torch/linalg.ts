"""torch.linalg: decompositions, solvers, norms. The functions are operators; this module gives them their names."""
import _torch_c as _C

LinAlgError = _C._LinAlgError

globals().update({name[7:]: function for name, function in _C._linalg.__dict__.items() if name.startswith("linalg_")})
