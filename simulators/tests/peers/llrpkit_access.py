"""Writes and reads a tag's user memory with PyPI's llrpkit 0.3.0, and reads its TID.

    python llrpkit_access.py HOST PORT EPC_HEX
Prints the words of the user memory and of the TID, one bank a line, as hexadecimal digits.
"""
import asyncio
import sys

from llrpkit.reader import Reader

host, port, epc = sys.argv[1], int(sys.argv[2]), sys.argv[3]


def told(result):
    words = getattr(result, "data", None) or b""
    return words.hex() if isinstance(words, bytes) else "".join(f"{word:04x}" for word in words)


async def main():
    async with Reader(host, port) as reader:
        written = await reader.write_memory(bank="user", word_pointer=2, data="beef0042", target_epc=epc)
        assert written.ok, written
        print(told(await reader.read_memory(bank="user", word_pointer=2, word_count=2, target_epc=epc)))
        print(told(await reader.read_memory(bank="tid", word_count=2, target_epc=epc)))


asyncio.run(main())
