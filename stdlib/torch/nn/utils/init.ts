"""Modules without initialised parameters."""
import torch


def skip_init(module_cls, *args, **kwargs):
    """Makes a module whose parameters and buffers are not initialised."""
    if not issubclass(module_cls, torch.nn.Module):
        raise RuntimeError("Expected a Module; got {}".format(module_cls))
    final_device = kwargs.pop("device", "cpu")
    try:
        module = module_cls(*args, device="meta", **kwargs)
    except TypeError as error:
        if "'device'" in str(error):
            raise RuntimeError("Module must support a 'device' arg to skip initialization") from None
        raise
    return module.to_empty(device=final_device)
