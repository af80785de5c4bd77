"""Mixed precision on the CPU."""
from torch.cpu.amp.autocast_mode import autocast
