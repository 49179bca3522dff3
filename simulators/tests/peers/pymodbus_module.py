"""A simulated I/O module by PyPI's pymodbus 3.16.1: `python pymodbus_module.py HOST:PORT | /dev/…`.

It is a Moxa with 70000 counted at input 3, which is on, and with an identity.
"""
import sys

from pymodbus.client import ModbusSerialClient, ModbusTcpClient

where = sys.argv[1]
if where.startswith("/"):
    client = ModbusSerialClient(where, baudrate=115200, timeout=2)
else:
    host, port = where.split(":")
    client = ModbusTcpClient(host, port=int(port), timeout=2)
assert client.connect()
who = client.read_device_information(read_code=1, object_id=0).information
assert who == {0: b"Acme", 1: b"IO-16", 2: b"V1.2"}, who
one = client.read_device_information(read_code=4, object_id=1).information
assert one == {1: b"IO-16"}, one
assert client.read_discrete_inputs(0, count=16).bits == [n == 3 for n in range(16)]
words = client.read_input_registers(22, count=2).registers
assert words == [1, 70000 - 65536], words
name = client.read_input_registers(5000, count=10)
assert client.convert_from_registers(name.registers, client.DATATYPE.STRING) == "E1212"
assert not client.write_coil(2, True).isError()
assert not client.write_coils(4, [True, False, True]).isError()
assert client.read_coils(0, count=8).bits == [False, False, True, False, True, False, True, False]
assert client.read_coils(4144, count=1).bits[0] is False
assert client.write_coil(4144, False).exception_code == 3
assert client.read_coils(15, count=2).exception_code == 2
assert client.read_holding_registers(0, count=1).exception_code == 2
assert client.write_register(0, 1).exception_code == 2
assert client.read_fifo_queue(address=0).exception_code == 1
client.close()
