"""A small library of synthesised music, to try everything on."""

from scanner.demo.library import DemoError, make_demo

__all__ = ["DemoError", "make_demo"]
