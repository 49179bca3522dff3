"""Renders ZPL from standard input and prints what its codes hold, as JSON.

Arguments: width and height in dots, then x y width height of a region whose dots are printed as hexadecimal rows.
"""
import json, sys
import zxingcpp, zplkit
from PIL import Image

width, height, *region = map(int, sys.argv[1:])
document = zplkit.render(sys.stdin.buffer.read(), zplkit.Options(width=width, height=height))
raster = document.labels[0].rasterize()
image = Image.frombytes("L", (raster.width, raster.height), raster.pixels)
codes = []
for code in zxingcpp.read_barcodes(image):
    codes.append({"format": str(code.format), "bytes": code.bytes.hex(), "aim": code.symbology_identifier, "text": code.text})
dots = []
if region:
    x, y, w, h = region
    for row in range(y, y + h):
        dots.append("".join("1" if image.getpixel((column, row)) < 128 else "0" for column in range(x, x + w)))
json.dump({"codes": codes, "dots": dots, "warnings": document.warnings}, sys.stdout)
