"""Names of types for annotations."""
from typing import Any, List, Sequence, Tuple, Union

from torch import Size, Tensor
from torch import device as _device, dtype as _dtype, layout as _layout

_TensorOrTensors = Union[Tensor, Sequence[Tensor]]
_int, _float, _bool = int, float, bool
_size = Union[Size, List[int], Tuple[int, ...]]
_device = _device
Number = Union[int, float, bool]
Device = Any
