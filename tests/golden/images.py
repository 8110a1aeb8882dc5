#!/usr/bin/python3
"""Writes image files of many kinds, and what Pillow reads in them, for the C# tests of the decoder.

Run:    /usr/bin/python3 tests/golden/images.py       (Debian: apt-get install python3-pil python3-numpy libavif-bin)
Writes: images/* and images.safetensors beside this file.

A tensor FILE/CHANNELS/BITS/full is the image as it is, [C, H, W]; .../cover is the square of 32 pixels that it just covers, resized by
Pillow's antialiased bilinear filter. Channels that begin with "o" follow the camera's orientation. Files that Pillow cannot write
(PNG of 16 bits and colours, TIFF of many bands) are written here, byte by byte, and their numbers are those that went in; AVIF, which it may not
read, is written and read by libavif.
"""

import json
import pathlib
import struct
import subprocess
import tempfile
import zlib

import numpy as np
from PIL import Image, ImageOps

HERE = pathlib.Path(__file__).parent
FOLDER = HERE / "images"
SIDE = 32
EXPECTED = {}


# ---- pictures ----------------------------------------------------------------------------------------------------------------


def photo(height, width, bands=3, seed=0):
    """Noise whose power falls with frequency, as in photographs: [H, W, C] in 0 .. 1."""
    random = np.random.default_rng(seed)
    frequency = np.hypot(np.fft.fftfreq(height)[:, None] * height, np.fft.rfftfreq(width)[None, :] * width)
    amplitude = 1 / np.maximum(1, frequency) ** 1.3
    planes = []
    for _ in range(bands):
        phase = random.normal(size=amplitude.shape) + 1j * random.normal(size=amplitude.shape)
        plane = np.fft.irfft2(amplitude * phase, s=(height, width))
        planes.append((plane - plane.mean()) / plane.std())
    return np.clip(np.stack(planes, -1) * 0.2 + 0.5, 0, 1)


def eight(numbers):
    return np.round(numbers * 255).astype(np.uint8)


def sixteen(numbers, largest=65535):
    return np.round(numbers * largest).astype(np.uint16)


# ---- files that Pillow does not write ----------------------------------------------------------------------------------------


def write_png16(path, pixels):
    """[H, W, C] of uint16, C from 1 to 4."""
    height, width, bands = pixels.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 16, {1: 0, 2: 4, 3: 2, 4: 6}[bands], 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )


def write_tiff(path, pages):
    """Pages of [H, W, C], not compressed, bands side by side: of uint8, uint16 or float32."""
    out = bytearray(b"II*\0\0\0\0\0")
    link = 4
    for pixels in pages:
        height, width, bands = pixels.shape
        data = len(out)
        out += pixels.tobytes()
        bits = len(out)
        out += struct.pack(f"<{bands}H", *[8 * pixels.itemsize] * bands)
        extra = len(out)
        out += struct.pack(f"<{bands}H", *[0] * bands)
        entries = [
            (256, 3, 1, width),
            (257, 3, 1, height),
            (258, 3, bands, 8 * pixels.itemsize if bands == 1 else bits),
            (259, 3, 1, 1),
            (262, 3, 1, 2 if bands == 3 else 1),
            (273, 4, 1, data),
            (277, 3, 1, bands),
            (278, 3, 1, height),
            (279, 4, 1, pixels.nbytes),
            (284, 3, 1, 1),
        ]
        if bands not in (1, 3):
            count = bands - 1
            entries.append((338, 3, count, 0 if count <= 2 else extra))
        if pixels.dtype == np.float32:
            entries.append((339, 3, 1, 3))
        out += b"\0" * (len(out) % 2)
        struct.pack_into("<I", out, link, len(out))
        out += struct.pack("<H", len(entries))
        for entry in entries:
            out += struct.pack("<HHII", *entry)
        link = len(out)
        out += b"\0\0\0\0"
    path.write_bytes(out)


# ---- what is expected --------------------------------------------------------------------------------------------------------


def box(width, height):
    """The square at the centre, in pixels and parts of pixels."""
    side = min(width, height)
    return ((width - side) / 2, (height - side) / 2, (width + side) / 2, (height + side) / 2)


def cover(plane):
    """A plane of numbers, resized in float32."""
    image = Image.fromarray(plane.astype(np.float32), mode="F")
    return np.asarray(image.resize((SIDE, SIDE), Image.BILINEAR, box=box(*image.size)))


def expect(name, channels, pixels, bits=8):
    """[H, W, C]."""
    planes = np.moveaxis(pixels, -1, 0)
    kind = np.uint8 if bits == 8 else np.int32
    EXPECTED[f"{name}/{channels}/{bits}/full"] = np.ascontiguousarray(planes.astype(kind))
    resized = np.stack([np.round(cover(plane)) for plane in planes])
    EXPECTED[f"{name}/{channels}/{bits}/cover"] = resized.astype(kind)


def by_pillow(name, modes={"3": "RGB"}, **how):
    for channels, mode in modes.items():
        image = Image.open(FOLDER / name)
        if channels.startswith("o"):
            image = ImageOps.exif_transpose(image)
        pixels = np.asarray(image.convert(mode))
        expect(name, channels, pixels if pixels.ndim == 3 else pixels[..., None])


def by_libavif(name, source, *how):
    """Written by avifenc; what is expected is what avifdec reads, in 8 bits."""
    subprocess.run(["avifenc", *how, FOLDER / source, FOLDER / name], check=True, stdout=subprocess.DEVNULL)
    with tempfile.TemporaryDirectory() as folder:
        read = pathlib.Path(folder) / "read.png"
        subprocess.run(["avifdec", "--depth", "8", FOLDER / name, read], check=True, stdout=subprocess.DEVNULL)
        expect(name, "3", np.asarray(Image.open(read).convert("RGB")))


def main():
    FOLDER.mkdir(exist_ok=True)
    colour, gray = Image.fromarray(eight(photo(36, 50))), Image.fromarray(eight(photo(36, 50, 1, 1))[..., 0])
    clear = Image.fromarray(eight(photo(36, 50, 4, 2)))

    # JPEG
    colour.save(FOLDER / "colour.jpg", quality=90, subsampling=0)
    colour.save(FOLDER / "subsampled.jpg", quality=90, subsampling=2, progressive=True)
    gray.save(FOLDER / "gray.jpg", quality=90)
    colour.convert("CMYK").save(FOLDER / "cmyk.jpg", quality=90)
    exif = Image.Exif()
    exif[0x0112] = 6
    colour.save(FOLDER / "turned.jpg", quality=90, exif=exif)
    Image.fromarray(eight(photo(700, 1000, seed=3))).save(FOLDER / "large.jpg", quality=80)
    by_pillow("colour.jpg", {"3": "RGB", "1": "L", "4": "RGBA"})
    by_pillow("subsampled.jpg")
    by_pillow("gray.jpg", {"3": "RGB", "1": "L"})
    by_pillow("cmyk.jpg")
    by_pillow("turned.jpg", {"3": "RGB", "o3": "RGB"})
    by_pillow("large.jpg")
    del EXPECTED["large.jpg/3/8/full"]

    # PNG
    colour.save(FOLDER / "colour.png")
    gray.save(FOLDER / "gray.png")
    gray.convert("1").save(FOLDER / "bilevel.png")
    clear.save(FOLDER / "clear.png")
    clear.convert("LA").save(FOLDER / "clear-gray.png")
    palette = colour.quantize(16)
    palette.save(FOLDER / "palette.png")
    palette.save(FOLDER / "clear-palette.png", transparency=3)
    write_png16(FOLDER / "sixteen.png", sixteen(photo(36, 50, 3, 4)))
    write_png16(FOLDER / "gray-twelve.png", sixteen(photo(36, 50, 1, 5), 4095))
    write_png16(FOLDER / "clear-sixteen.png", sixteen(photo(36, 50, 4, 6)))
    by_pillow("colour.png")
    by_pillow("gray.png", {"3": "RGB", "1": "L"})
    by_pillow("bilevel.png")
    by_pillow("clear.png", {"3": "RGB", "4": "RGBA"})
    by_pillow("clear-gray.png", {"3": "RGB", "2": "LA", "1": "L", "4": "RGBA"})
    by_pillow("palette.png")
    by_pillow("clear-palette.png")
    expect("sixteen.png", "3", sixteen(photo(36, 50, 3, 4)), 16)
    expect("sixteen.png", "3", sixteen(photo(36, 50, 3, 4)) >> 8)
    expect("gray-twelve.png", "1", sixteen(photo(36, 50, 1, 5), 4095), 16)
    expect("clear-sixteen.png", "4", sixteen(photo(36, 50, 4, 6)), 16)

    # WebP, GIF, BMP
    colour.save(FOLDER / "lossy.webp", quality=90)
    clear.save(FOLDER / "clear.webp", lossless=True, exact=True)
    palette.save(FOLDER / "palette.gif")
    palette.save(FOLDER / "clear.gif", transparency=3)
    palette.save(FOLDER / "moving.gif", save_all=True, append_images=[gray.quantize(16)], duration=100)
    colour.save(FOLDER / "colour.bmp")
    palette.save(FOLDER / "palette.bmp")
    gray.convert("1").save(FOLDER / "bilevel.bmp")
    for name in ["lossy.webp", "clear.webp", "palette.gif", "clear.gif", "moving.gif", "colour.bmp", "palette.bmp", "bilevel.bmp"]:
        by_pillow(name)

    # AVIF
    by_libavif("lossless.avif", "colour.png", "--lossless")
    expect("lossless.avif", "3", np.asarray(colour))
    by_libavif("lossy.avif", "colour.png", "--min", "10", "--max", "20", "--yuv", "444")
    by_libavif("lossy-ten-bits.avif", "sixteen.png", "--depth", "10", "--min", "0", "--max", "4", "--yuv", "444")

    # TIFF
    colour.save(FOLDER / "colour.tif", compression="tiff_lzw")
    by_pillow("colour.tif")
    write_tiff(FOLDER / "four.tif", [sixteen(photo(36, 50, 4, 7))])
    write_tiff(FOLDER / "thirteen.tif", [sixteen(photo(36, 50, 13, 8))])
    write_tiff(FOLDER / "thirteen-bytes.tif", [eight(photo(36, 50, 13, 8))])
    expect("four.tif", "4", sixteen(photo(36, 50, 4, 7)), 16)
    expect("thirteen.tif", "13", sixteen(photo(36, 50, 13, 8)), 16)
    expect("thirteen-bytes.tif", "13", eight(photo(36, 50, 13, 8)))
    # These are refused.
    write_tiff(FOLDER / "pages.tif", [eight(photo(8, 8, 1)), eight(photo(8, 8, 1))])
    write_tiff(FOLDER / "float.tif", [photo(8, 8, 1).astype(np.float32)])

    save(HERE / "images.safetensors", EXPECTED)


def save(path, arrays):
    kinds = {np.dtype(np.uint8): "U8", np.dtype(np.int32): "I32"}
    header, parts, offset = {}, [], 0
    # The larger type first, so that each array is aligned.
    for name, array in sorted(arrays.items(), key=lambda entry: (-entry[1].itemsize, entry[0])):
        data = array.tobytes()
        header[name] = {
            "dtype": kinds[array.dtype],
            "shape": list(array.shape),
            "data_offsets": [offset, offset + len(data)],
        }
        parts.append(data)
        offset += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(parts))


if __name__ == "__main__":
    main()
