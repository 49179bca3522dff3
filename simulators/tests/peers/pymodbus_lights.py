"""Writes and reads a light stack with PyPI's pymodbus 3.16.1.

    python pymodbus_lights.py HOST PORT
"""
import sys

from pymodbus.client import ModbusTcpClient

client = ModbusTcpClient(sys.argv[1], port=int(sys.argv[2]))
assert client.connect()
assert not client.write_coil(2, True).isError()
assert not client.write_coils(4, [True, False, True]).isError()
assert client.read_coils(0, count=8).bits == [False, False, True, False, True, False, True, False]
assert client.read_discrete_inputs(3, count=1).bits[0]
assert client.read_holding_registers(0, count=1).exception_code == 1
assert client.read_coils(15, count=2).exception_code == 2
client.close()
