"""A module on a pseudo-terminal whose frames are built by libraries that nobody here wrote.

    python module.py r200|uhfreader18

PyPI's rfid-r200 0.1.1 and uhfreader18 0.6.0. Prints the path, serves until its standard input ends, and answers only
commands that are byte for byte what those libraries would have sent.
"""
import os
import pty
import select
import sys
import tty

import serial

EPCS = [bytes([n] * 12) for n in (0x11, 0x22, 0x33)]


def uhfreader18():
    from uhfreader18 import Command, build_command_frame, build_response_frame

    info = bytes([2, 36, 9, 2, 0x31, 0x80, 30, 3])
    tags = bytes([len(EPCS)]) + b"".join(bytes([len(epc)]) + epc for epc in EPCS)
    answers = {build_command_frame(0, Command.GET_READER_INFO): build_response_frame(0, 0x21, 0, info)}
    for command, data in [(Command.SET_WORK_MODE, bytes(6)), (Command.SET_SCAN_TIME, bytes([3]))]:
        answers[build_command_frame(0, command, data)] = build_response_frame(0, command, 0)
    answers[build_command_frame(0, 0x01)] = build_response_frame(0, 0x01, 1, tags)
    return answers


def r200():
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(serial.__file__)), "src"))
    from rfid_r200.utils import CommonR200Interface

    class Builder(CommonR200Interface):
        debug = False

        def command(self, number, data=()):
            return bytes(self._send_command(number, list(data)))

        def answer(self, kind, number, data):
            frame = [0xAA, kind, number, len(data) >> 8, len(data) & 255, *data]
            frame += [self._checksum(frame, len(data)), 0xDD]
            (parsed,) = self._parse_buffer(bytes(frame))
            assert parsed.checksum_ok, frame
            return bytes(frame)

    def gen2(data):
        crc = 0xFFFF
        for byte in data:
            crc ^= byte << 8
            for _ in range(8):
                crc = ((crc << 1) ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
        return (crc ^ 0xFFFF).to_bytes(2, "big")

    one = Builder()
    answers = {one.command(3, [n]): one.answer(1, 3, bytes([n]) + told) for n, told in enumerate([b"M100", b"V2", b"X"])}
    answers[one.command(0x28)] = one.answer(1, 0x28, [0])
    answers[one.command(0xB7)] = one.answer(1, 0xB7, [0x0A, 0x28])
    memories = [b"\x30\0" + epc for epc in EPCS]
    tags = [one.answer(2, 0x22, bytes([0xC4]) + memory + gen2(memory)) for memory in memories]
    answers[one.command(0x27, [0x22, 0x27, 0x10])] = b"".join(tags)
    return answers


answers = {"r200": r200, "uhfreader18": uhfreader18}[sys.argv[1]]()
master, slave = pty.openpty()
tty.setraw(slave)
print(os.ttyname(slave), flush=True)
buffer = b""
while True:
    ready, _, _ = select.select([master, sys.stdin], [], [], 0.05)
    if sys.stdin in ready and not sys.stdin.buffer.read1():
        break
    if not ready:
        buffer = b""  # half a command, or one of another protocol
    if master in ready:
        buffer += os.read(master, 1024)
        if buffer in answers:
            os.write(master, answers[buffer])
            buffer = b""
