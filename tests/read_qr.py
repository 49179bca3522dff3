"""Reads the QR codes of an SVG picture with programs that are not ours: resvg draws it as paper would
show it at 300 dots an inch, ZXing reads it.

    python3 read_qr.py FILE.svg      prints the text of each code, one a line
"""
import io
import sys

import resvg_py
import zxingcpp
from PIL import Image

png = resvg_py.svg_to_bytes(svg_path=sys.argv[1], dpi=300.0)
image = Image.open(io.BytesIO(bytes(png))).convert("L")
for code in zxingcpp.read_barcodes(image, formats=zxingcpp.BarcodeFormat.QRCode):
    print(code.text)
