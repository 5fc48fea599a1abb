"""A camera's picture with a QR code in it, as the file that Chromium's made-up camera plays (YUV4MPEG2)."""

from __future__ import annotations

from pathlib import Path

import segno

WIDTH, HEIGHT = 640, 480
_MODULE = 8
_WHITE, _BLACK, _GREY, _FRAMES = 235, 16, 128, 4


def film(code: str, file: Path) -> None:
    """Writes some frames that show the code, in grey surroundings."""
    picture = bytearray([_GREY]) * (WIDTH * HEIGHT)
    rows = [list(row) for row in segno.make(code, micro=False).matrix_iter(scale=_MODULE, border=4)]
    left, top = (WIDTH - len(rows[0])) // 2, (HEIGHT - len(rows)) // 2
    for number, row in enumerate(rows, start=top):
        start = number * WIDTH + left
        picture[start : start + len(row)] = bytes(_BLACK if dark else _WHITE for dark in row)
    colours = bytes([_GREY]) * (WIDTH * HEIGHT // 2)
    head = f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F10:1 Ip A1:1 C420\n".encode()
    file.write_bytes(head + (b"FRAME\n" + picture + colours) * _FRAMES)
