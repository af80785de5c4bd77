engine = "none"
supported_engines = ["none"]
