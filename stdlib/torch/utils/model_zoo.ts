"""The former home of load_state_dict_from_url."""
from torch.hub import load_state_dict_from_url as load_url, download_url_to_file as _download_url_to_file
