"""LLVM instructions on vectors of eight lanes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from llvmlite import ir
from numba.core import cgutils as untyped_cgutils

from scanner.features.kernels import intrinsic

# numba leaves vectorising to LLVM, which the rules on aliasing and NaN keep from it in
# the hot loops here. So these are spelled out in vectors. LLVM turns them into what the
# processor has: one AVX register, two of SSE or NEON.

WIDTH = 8
INT = ir.VectorType(ir.IntType(32), WIDTH)
FLOAT = ir.VectorType(ir.FloatType(), WIDTH)
DOUBLE = ir.VectorType(ir.DoubleType(), WIDTH)
HALF_FLOAT = ir.VectorType(ir.FloatType(), WIDTH // 2)
HALF_DOUBLE = ir.VectorType(ir.DoubleType(), WIDTH // 2)
_INDEX = ir.IntType(64)
_SUMS = ("reassoc", "contract", "nsz")
_SUMS_IN_ORDER = ("contract", "nsz")

cgutils: Any = untyped_cgutils

Value = Any
"""An LLVM value: llvmlite has no types to check."""


class Lanes:
    """Emits vector instructions at a builder's place.

    Attributes
    ----------
    add, sub, mul, divide : callable
        Arithmetic of two vectors of floats.
    add_int, sub_int, mul_int, bit_and, bit_or : callable
        Likewise of integers, vectors of them or single indices.
    bitcast : callable
        Given a value and a type, returns the same bits as that type.
    """

    def __init__(self, builder: Value, sums: tuple[str, ...] = _SUMS) -> None:
        self._builder = builder
        self.add = partial(builder.fadd, flags=sums)
        self.sub = partial(builder.fsub, flags=sums)
        self.mul = partial(builder.fmul, flags=sums)
        self.divide = builder.fdiv
        self.add_int, self.sub_int, self.mul_int = builder.add, builder.sub, builder.mul
        self.bit_and, self.bit_or = builder.and_, builder.or_
        self.bitcast = builder.bitcast

    def in_order(self) -> Lanes:
        """Return one that keeps sums as they are written: what comes late, late."""
        return Lanes(self._builder, _SUMS_IN_ORDER)

    def index(self, value: int) -> Value:
        """Return a constant index."""
        return ir.Constant(_INDEX, value)

    def offset(self, base: Value, add: int, times: int = 1) -> Value:
        """Return ``base * times + add``."""
        b = self._builder
        return b.add(b.mul(base, self.index(times)), self.index(add))

    def index_div(self, a: Value, by: int) -> Value:
        """Return a / by, of an index, rounded down."""
        return self._builder.udiv(a, self.index(by))

    def load(self, pointer: Value, at: Value, kind: Any) -> Value:
        """Load a vector of ``kind`` that starts at element ``at``."""
        return self._builder.load(self._place(pointer, at, kind), align=4)

    def store(self, value: Value, pointer: Value, at: Value) -> None:
        """Store a vector from element ``at`` on."""
        self._builder.store(value, self._place(pointer, at, value.type), align=4)

    def _place(self, pointer: Value, at: Value, kind: Any) -> Value:
        address = self._builder.gep(pointer, [at])
        return self._builder.bitcast(address, kind.as_pointer())

    def broadcast(self, pointer: Value, at: Value, width: int = WIDTH) -> Value:
        """Load one element and repeat it in all lanes."""
        value = self._builder.load(self._builder.gep(pointer, [at]))
        kind = ir.VectorType(value.type, width)
        one = self._builder.insert_element(
            ir.Constant(kind, ir.Undefined), value, ir.Constant(ir.IntType(32), 0)
        )
        return self.shuffle(one, one, [0] * width)

    def gather(self, addresses: list[Value], kind: Any) -> Value:
        """Load one element for each lane, from wherever it is in memory."""
        value = ir.Constant(kind, ir.Undefined)
        for lane, address in enumerate(addresses):
            place = self._builder.inttoptr(address, kind.element.as_pointer())
            where = ir.Constant(ir.IntType(32), lane)
            one = self._builder.load(place)
            value = self._builder.insert_element(value, one, where)
        return value

    def load_index(self, pointer: Value, at: Value) -> Value:
        """Load one integer, an index."""
        return self._builder.load(self._builder.gep(pointer, [at]))

    def constant(self, kind: Any, value: float) -> Value:
        """Return a vector of one constant."""
        return ir.Constant(kind, [value] * kind.count)

    def minimum(self, a: Value, b: Value) -> Value:
        """Return the smaller of two integer vectors, lane by lane."""
        return self._builder.select(self._builder.icmp_signed("<", a, b), a, b)

    def maximum(self, a: Value, b: Value) -> Value:
        """Return the greater of two integer vectors, lane by lane."""
        return self._builder.select(self._builder.icmp_signed(">", a, b), a, b)

    def greater_equal(self, a: Value, b: Value) -> Value:
        """Return a bit for each lane, set where an integer of ``a`` is not less."""
        return self._builder.icmp_signed(">=", a, b)

    def less(self, a: Value, b: Value) -> Value:
        """Return a bit for each lane, set where a float of ``a`` is less."""
        return self._builder.fcmp_ordered("<", a, b)

    def not_equal(self, a: Value, b: Value) -> Value:
        """Return 1 in each lane where bits differ, else 0."""
        return self._builder.zext(self._builder.xor(a, b), INT)

    def store_bits(self, bits: Value, pointer: Value, at: Value) -> None:
        """Store the bits of eight lanes as one byte."""
        byte = self._builder.bitcast(bits, ir.IntType(8))
        self._builder.store(byte, self._builder.gep(pointer, [at]))

    def where_zero(self, value: Value, then: Value, other: Value) -> Value:
        """Return ``then`` in lanes where a float is zero, else ``other``."""
        zero = self.constant(value.type, 0.0)
        is_zero = self._builder.fcmp_ordered("==", value, zero)
        return self._builder.select(is_zero, then, other)

    def sqrt(self, value: Value) -> Value:
        """Return the square roots of floats."""
        kind = ir.FunctionType(FLOAT, [FLOAT])
        module = self._builder.module
        sqrt = cgutils.get_or_insert_function(module, kind, "llvm.sqrt.v8f32")
        return self._builder.call(sqrt, [value])

    def widen(self, value: Value) -> Value:
        """Return floats or integers as doubles."""
        kind = ir.VectorType(ir.DoubleType(), value.type.count)
        if value.type == INT:
            return self._builder.sitofp(value, kind)
        return self._builder.fpext(value, kind)

    def narrow(self, value: Value) -> Value:
        """Return doubles as floats."""
        kind = ir.VectorType(ir.FloatType(), value.type.count)
        return self._builder.fptrunc(value, kind)

    def to_float(self, value: Value) -> Value:
        """Return integers as floats."""
        return self._builder.sitofp(value, FLOAT)

    def shift_right(self, value: Value, bits: int) -> Value:
        """Return integers without their last bits; the sign stays."""
        return self._builder.ashr(value, self.constant(INT, bits))

    def shuffle(self, a: Value, b: Value, lanes: list[int]) -> Value:
        """Return the chosen lanes of ``a`` followed by ``b``."""
        mask = ir.Constant(ir.VectorType(ir.IntType(32), len(lanes)), lanes)
        return self._builder.shuffle_vector(a, b, mask)

    def reduce(self, value: Value, join: Callable[[Value, Value], Value]) -> Value:
        """Return what ``join`` makes of all lanes, as one number."""
        for distance in (4, 2, 1):
            lanes = [(lane + distance) % WIDTH for lane in range(WIDTH)]
            value = join(value, self.shuffle(value, value, lanes))
        return self._builder.extract_element(value, ir.Constant(ir.IntType(32), 0))

    def store_scalar(self, value: Value, pointer: Value, at: Value) -> None:
        """Store one number."""
        self._builder.store(value, self._builder.gep(pointer, [at]))

    def transpose(self, rows: list[Value]) -> list[Value]:
        """Transpose eight vectors of eight."""
        steps = (
            ([0, 8, 1, 9, 4, 12, 5, 13], [2, 10, 3, 11, 6, 14, 7, 15], 1),
            ([0, 1, 8, 9, 4, 5, 12, 13], [2, 3, 10, 11, 6, 7, 14, 15], 2),
            ([0, 1, 2, 3, 8, 9, 10, 11], [4, 5, 6, 7, 12, 13, 14, 15], 4),
        )
        for low, high, distance in steps:
            out = list(rows)
            for i in range(WIDTH):
                if i & distance:
                    continue
                a, b = rows[i], rows[i + distance]
                out[i] = self.shuffle(a, b, low)
                out[i + distance] = self.shuffle(a, b, high)
            rows = out
        return [rows[i] for i in (0, 2, 1, 3, 4, 6, 5, 7)]

    @contextmanager
    def loop(self, count: Value) -> Iterator[Value]:
        """Repeat what is emitted inside ``count`` times; yields the index."""
        with cgutils.for_range(self._builder, count) as loop:
            yield loop.index

    def variables(self, values: list[Value]) -> list[Value]:
        """Return places that hold ``values``, to be changed by a loop."""
        return [cgutils.alloca_once_value(self._builder, value) for value in values]

    def read(self, places: list[Value]) -> list[Value]:
        """Return what the places hold now."""
        return [self._builder.load(place) for place in places]

    def write(self, values: list[Value], places: list[Value]) -> None:
        """Change what the places hold."""
        for value, place in zip(values, places, strict=True):
            self._builder.store(value, place)


vector_code = partial(intrinsic, Lanes)
"""Decorates an emitter: a function of `Lanes` and arguments, for kernels to call."""
