"""Vector code for what plain numba does not vectorise, written as LLVM text."""
