"""Reads the text of a QR code of version 4 and error correction level M (ISO/IEC 18004).

This is what a link to a local server needs: 43 to 62 bytes. Errors are not corrected.
"""

from collections.abc import Callable, Iterator

_SIZE = 33
_DATA_CODEWORDS = 64
_BLOCKS = 2
_FORMAT_MASK = 0b10101
_LEVEL_M = 0b00
_BYTES = 0b0100
_MASKS: tuple[Callable[[int, int], int], ...] = (
    lambda row, column: (row + column) % 2,
    lambda row, _: row % 2,
    lambda _, column: column % 3,
    lambda row, column: (row + column) % 3,
    lambda row, column: (row // 2 + column // 3) % 2,
    lambda row, column: row * column % 2 + row * column % 3,
    lambda row, column: (row * column % 2 + row * column % 3) % 2,
    lambda row, column: ((row + column) % 2 + row * column % 3) % 2,
)


def read_qr_code(dark: set[tuple[int, int]]) -> str:
    """Return the text of a QR code, whose dark modules are given as row and column."""
    first_bits = _number((8, column) in dark for column in range(5)) ^ _FORMAT_MASK
    level, mask = first_bits >> 3, _MASKS[first_bits & 0b111]
    assert level == _LEVEL_M
    bits = [((row, column) in dark) ^ (mask(row, column) == 0) for row, column in _positions()]
    codewords = [_number(bits[8 * index : 8 * index + 8]) for index in range(_DATA_CODEWORDS)]
    # The codewords of the blocks alternate.
    data = bytes(word for block in range(_BLOCKS) for word in codewords[block::_BLOCKS])
    text = int.from_bytes(data)
    kind, length = text >> 508, (text >> 500) & 0xFF
    assert kind == _BYTES
    return ((text >> (500 - 8 * length)) & ((1 << 8 * length) - 1)).to_bytes(length).decode()


def _number(bits: "Iterator[bool] | list[bool]") -> int:
    return int("".join(str(int(bit)) for bit in bits), 2)


def _positions() -> Iterator[tuple[int, int]]:
    """The positions of the data, in their order: pairs of columns, up and down."""
    upwards = True
    for right in (*range(_SIZE - 1, 6, -2), *range(5, 0, -2)):
        rows = range(_SIZE - 1, -1, -1) if upwards else range(_SIZE)
        for row in rows:
            yield from ((row, column) for column in (right, right - 1) if _is_data(row, column))
        upwards = not upwards


def _is_data(row: int, column: int) -> bool:
    last = _SIZE - 8
    in_finder = (row < 9 and (column < 9 or column >= last)) or (row >= last and column < 9)
    in_alignment = 24 <= row <= 28 and 24 <= column <= 28
    return not (in_finder or in_alignment or 6 in (row, column))
