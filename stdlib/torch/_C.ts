"""torch._C under its own name: the native half of the library."""
import _torch_c

globals().update({name: value for name, value in _torch_c.__dict__.items() if name not in ("__name__", "__doc__", "__spec__", "__loader__")})
