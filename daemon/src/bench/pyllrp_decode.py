"""Decodes one RO_ACCESS_REPORT over and over with PyPI's pyllrp and prints the rate.

    python pyllrp_decode.py SECONDS < FRAME

The frame comes on standard input. One JSON object goes to standard output: tag reports decoded,
the seconds it took, and the version. One warm-up round and the import are not counted.
"""
import json
import sys
import time
from importlib.metadata import version

import bitstring
from pyllrp import pyllrp

seconds = float(sys.argv[1])
frame = sys.stdin.buffer.read()


def tags():
    """Decodes the frame as pyllrp's own socket reader does; returns its tag reports."""
    message = pyllrp.UnpackMessage(bitstring.ConstBitStream(bytes=frame))
    return sum(type(p).__name__ == "TagReportData_Parameter" for p in message.Parameters)


each = tags()
done = 0
began = time.perf_counter()
while True:
    for _ in range(10):
        done += tags()
    took = time.perf_counter() - began
    if took >= seconds:
        break
print(json.dumps({"tags_a_report": each, "tags": done, "seconds": took, "version": version("pyllrp")}))
