"""The other side of the Modbus wire by pymodbus 3.16: `slave`, `line DEVICE`, or `master PORT` told by stdin.

The slave prints its port, the one on a serial line its device once it has it open; both say who they are. The master answers one line a command: `wait BITS` polls coils 0-3 until
they are as told (five seconds at most), `write COIL 0|1` writes one coil.
"""

import asyncio
import sys
import time

from pymodbus import ModbusDeviceIdentification
from pymodbus.client import ModbusTcpClient
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice


WHO = {"VendorName": "Acme", "ProductCode": "IO-16", "MajorMinorRevision": "V1.2"}


async def slave(line=None):
    bits = SimData(0, values=[True] * 16, datatype=DataType.BITS)
    words = SimData(0, values=[0] * 16, datatype=DataType.REGISTERS)
    device = SimDevice(1, ([bits], [bits], [words], [words]))
    who = ModbusDeviceIdentification(info_name=WHO)
    if line:
        server = ModbusSerialServer(device, port=line, baudrate=115200, identity=who)
        await server.serve_forever(background=True)
        print(line, flush=True)
    else:
        server = ModbusTcpServer(device, address=("127.0.0.1", 0), identity=who)
        await server.serve_forever(background=True)
        print(server.transport.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


def wait(client, wanted):
    deadline = time.monotonic() + 5
    while True:
        bits = client.read_coils(0, count=4, device_id=1).bits[:4]
        seen = "".join("1" if bit else "0" for bit in bits)
        if seen == wanted or time.monotonic() > deadline:
            return seen
        time.sleep(0.005)


def master(port):
    client = ModbusTcpClient("127.0.0.1", port=port, timeout=2)
    assert client.connect()
    for line in sys.stdin:
        match line.split():
            case ["wait", wanted]:
                print(wait(client, wanted), flush=True)
            case ["write", coil, level]:
                answer = client.write_coil(int(coil), level == "1", device_id=1)
                print("refused" if answer.isError() else "written", flush=True)


if sys.argv[1] in ("slave", "line"):
    asyncio.run(slave(*sys.argv[2:]))
else:
    master(int(sys.argv[2]))
