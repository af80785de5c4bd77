"""torch.fft: Fourier transforms. The functions are operators; this module gives them their names."""
import _torch_c as _C

globals().update({name[4:]: function for name, function in _C._fft.__dict__.items() if name.startswith("fft_")})
