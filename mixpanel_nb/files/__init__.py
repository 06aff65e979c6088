"""Files and operating system errors: atomic writes, paths, and encodings."""
