"""Mixed precision on CUDA devices: without one, everything runs as it is, as PyTorch does it then."""
from torch.cuda.amp.autocast_mode import autocast, custom_bwd, custom_fwd
from torch.cuda.amp.grad_scaler import GradScaler
