"""Arrays come back bit for bit, whatever the machine's byte order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from catalog.analyses import (
    pack_sequence,
    pack_vectors,
    unpack_sequence,
    unpack_vectors,
)

shapes = st.tuples(st.integers(0, 6), st.integers(1, 9))


@given(arrays.arrays(np.float32, shapes))
def test_vectors(vectors):
    packed = pack_vectors(vectors)
    restored = unpack_vectors(packed, vectors.shape[1])
    assert restored.tobytes() == vectors.tobytes()
    assert restored.shape == vectors.shape


@given(arrays.arrays(np.float16, shapes))
def test_sequences(values):
    restored = unpack_sequence(pack_sequence(values), *values.shape)
    assert restored.tobytes() == values.tobytes()
    assert restored.shape == values.shape


def test_the_bytes_are_little_endian_in_any_layout():
    values = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)
    wanted = [b"\0\0\x80\x3f\0\0\0\x40", b"\0\0\x40\x40\0\0\x80\x40"]
    for same in (values, np.asfortranarray(values), values.astype(">f4")):
        assert pack_vectors(same) == wanted


def test_a_vector_of_another_width_is_refused():
    with pytest.raises(ValueError, match="reshape"):
        unpack_vectors([bytes(8), bytes(12)], 2)
