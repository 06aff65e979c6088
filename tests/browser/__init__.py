"""A real JupyterLab in headless Chromium, its network cut off: what people see is looked at here."""
