"""A simulated module by clients that nobody here wrote: `python client.py r200|uhfreader18 PATH`.

PyPI's rfid-r200 0.1.1 (framed AA … DD), wabson.chafon-rfid 1.0.0 and uhfreader18 0.6.0. Prints the EPCs it read.
"""
import os
import sys

import serial

profile, path = sys.argv[1:]


def r200():
    # That package lies one folder too deep.
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(serial.__file__)), "src"))
    from rfid_r200 import R200

    module = R200(path, 115200, timeout=0.3)
    assert module.hw_info() == "\0M100 26dBm V1.0", module.hw_info()
    assert module.set_power(23.5)
    assert module.get_power() == 23.5, module.get_power()
    tags, error = module.read_tags()
    assert error is None, error
    for tag in tags:
        assert tag.pc == 0x3000, tag
        assert -70 < tag.rssi - 256 < -50, tag
        print(bytes(tag.epc).hex())
    module.close()


def uhfreader18():
    from chafon_rfid.base import CommandRunner, ReaderCommand, ReaderFrequencyBand, ReaderInfoFrame, ReaderType
    from chafon_rfid.command import CF_GET_READER_INFO, CF_SET_RF_POWER, G2_TAG_INVENTORY
    from chafon_rfid.transport_serial import SerialTransport
    from chafon_rfid.uhfreader18 import G2InventoryResponse
    from uhfreader18 import Command, ReaderInfo, Status, build_command_frame, validate_frame

    wire = SerialTransport(path, 57600, timeout=2)
    runner = CommandRunner(wire)
    # One library's command, the other's understanding of the answer.
    power = ReaderCommand(CF_SET_RF_POWER, addr=0, data=[21])
    assert bytes(power.serialize()) == build_command_frame(0, Command.SET_POWER, bytes([21]))
    assert validate_frame(bytes(runner.run(power))).ok
    told = runner.run(ReaderCommand(CF_GET_READER_INFO))
    info = ReaderInfoFrame(told)
    assert info.type is ReaderType.UHFReader18 and info.power == 21 and info.supports_6c, vars(info)
    assert info.frequency_band is ReaderFrequencyBand.US, info.frequency_band
    assert ReaderInfo.from_bytes(0, validate_frame(bytes(told)).data).version == "2.36"
    wire.write(build_command_frame(0, 0x99))
    assert validate_frame(bytes(wire.read_frame())).status == Status.ILLEGAL_COMMAND_OR_CRC_ERROR
    frame = runner.run(ReaderCommand(G2_TAG_INVENTORY))
    while True:
        for tag in G2InventoryResponse(frame).get_tag():
            print(bytes(tag.epc).hex())
        if validate_frame(bytes(frame)).status != 3:
            break
        frame = wire.read_frame()


{"r200": r200, "uhfreader18": uhfreader18}[profile]()
