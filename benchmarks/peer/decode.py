"""Pillow on the JPEGs of a folder: decode.py FOLDER SIDE PROCESSES prints images a second, without the start of the processes."""

import glob
import multiprocessing
import os
import sys
import time


def decode(path):
    from PIL import Image

    side = int(sys.argv[2])
    image = Image.open(path).convert("RGB")
    width, height = image.size
    short = min(width, height)
    box = ((width - short) / 2, (height - short) / 2, (width + short) / 2, (height + short) / 2)
    return len(image.resize((side, side), Image.BILINEAR, box=box).tobytes())


def main():
    files = glob.glob(os.path.join(sys.argv[1], "*.jpg"))
    with multiprocessing.Pool(int(sys.argv[3])) as pool:
        pool.map(decode, files[: 2 * int(sys.argv[3])], chunksize=1)
        start = time.time()
        pool.map(decode, files, chunksize=1)
        print(len(files) / (time.time() - start))


if __name__ == "__main__":
    main()
