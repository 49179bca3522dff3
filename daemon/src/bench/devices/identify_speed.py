"""How many EPCs or GS1 element strings a second another program reads, on one core.

    python identify_speed.py PEER SECONDS < LINES
PEER is epcpy or pyepc (LINES are EPCs in hexadecimal, each read to its pure identity) or biip (LINES are
element strings, FNC1 spelled {GS}). Prints one JSON object: {"peer": ..., "read": of the lines, "per_s": ...}.
What a peer refuses of the lines is left out of its round.
"""

import json
import sys
import time


def epcpy():
    from epcpy.utils.parsers import hex_to_tag_encodable

    return lambda line: hex_to_tag_encodable(line).epc_uri


def pyepc():
    from pyepc import decode

    return lambda line: decode(line).pure_identity_uri


def biip():
    from biip.gs1_messages import GS1Message

    return GS1Message.parse


def reads(read, line):
    try:
        return bool(read(line))
    except Exception:  # each peer has errors of its own
        return False


def main():
    peer, seconds = sys.argv[1], float(sys.argv[2])
    read = {"epcpy": epcpy, "pyepc": pyepc, "biip": biip}[peer]()
    lines = [line.replace("{GS}", "\x1d") for line in sys.stdin.read().splitlines()]
    lines = [line for line in lines if reads(read, line)]
    done, began = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - began) < seconds and lines:
        for line in lines:
            read(line)
        done += len(lines)
    print(json.dumps({"peer": peer, "read": len(lines), "per_s": done / elapsed}))


main()
