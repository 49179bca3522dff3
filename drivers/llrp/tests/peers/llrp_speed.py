"""How many tag reports a second another codec decodes, on one core.

    python llrp_speed.py PEER SECONDS < FRAME
PEER is pyllrp, llrpkit or sllurp, from the environment that runs this; FRAME is one RO_ACCESS_REPORT as bytes.
Prints one JSON object: {"peer": ..., "tags": a frame, "tags_per_s": ...}.
"""

import json
import sys
import time


class Socket:
    def __init__(self, data):
        self.data, self.at = data, 0

    def recv(self, count):
        piece = self.data[self.at : self.at + count]
        self.at += len(piece)
        return piece


def pyllrp():
    from pyllrp.pyllrp import UnpackMessageFromSocket

    return lambda frame: len(UnpackMessageFromSocket(Socket(frame)).Parameters)


def llrpkit():
    from llrpkit.protocol import decode_message

    return lambda frame: len(decode_message(frame).tag_report_datas)


def sllurp():
    from sllurp.llrp import LLRPMessage

    return lambda frame: len(LLRPMessage(msgbytes=frame).msgdict["RO_ACCESS_REPORT"]["TagReportData"])


def main():
    peer, seconds = sys.argv[1], float(sys.argv[2])
    frame = sys.stdin.buffer.read()
    decode = {"pyllrp": pyllrp, "llrpkit": llrpkit, "sllurp": sllurp}[peer]()
    tags = decode(frame)
    done, began = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - began) < seconds:
        done += decode(frame)
    print(json.dumps({"peer": peer, "tags": tags, "tags_per_s": round(done / elapsed)}))


main()
