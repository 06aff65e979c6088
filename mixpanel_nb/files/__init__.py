"""Files and operating system errors: atomic writes, paths, and the encoding of user files.
"""
