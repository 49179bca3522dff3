"""Inventories a reader with PyPI's pyllrp 3.1.1 and prints one EPC a line.

    python pyllrp_inventory.py HOST PORT
"""
import sys

from pyllrp.LLRPConnector import LLRPConnector
from pyllrp.TagInventory import TagInventory

host, port = sys.argv[1], int(sys.argv[2])
connect = LLRPConnector.connect
LLRPConnector.connect = lambda self, host: connect(self, host, port)

inventory = TagInventory(host)
inventory.Connect()
try:
    tags, _others = inventory.GetTagInventory()
finally:
    inventory.Disconnect()
print("\n".join(sorted(tags)))
