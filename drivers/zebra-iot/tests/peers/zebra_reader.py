"""A Zebra fixed reader with its IoT Connector, played with paho-mqtt from the maker's documented forms and captures.

    python zebra_reader.py PORT BASE

MQTT 3.1.1, as on the reader. Every command that comes is printed as one line of JSON. Once started it tells, in this
order: two events of one payload with nothing between them, an event with three fields only, one after a hole of two
numbers, an input, and two heartbeats between which it dropped four messages.
"""

import json
import sys

import paho.mqtt.client as mqtt

PORT, BASE = int(sys.argv[1]), sys.argv[2]

VERSION = {
    "readerApplication": "2.7.19.0", "radioApi": "2.2.8.2", "radioFirmware": "2.1.14.0",
    "radioControlApplication": "1.0.0", "readerOS": "2.2.15.0", "readerHardware": "0.0.5.0",
    "readerBootLoader": "2.1.2.0", "readerFileSystem": "2.1.2.0", "cloudAgentApplication": "1.0.0",
    "fpga": "1.8.0.0", "model": "FX9600", "serialNumber": "84248dee5721",
    "revertBackFirmware": {"readerApplication": "3.10.30.0"},
}
FULL = {
    "data": {
        "CRC": "f3b3", "PC": "3000", "TID": "e2806894200040017790e471",
        "USER": "Error: tag returned error code 0x03 = Memory overrun",
        "antenna": 1, "channel": 908.25, "eventNum": 4807, "format": "epc",
        "idHex": "e2806894000040017790e471", "peakRssi": -37, "phase": 14.029969215393066, "reads": 1,
    },
    "timestamp": "2026-09-07T12:30:28.390+0000", "type": "CUSTOM",
}


def bare(number):
    return {
        "data": {"eventNum": number, "format": "epc", "idHex": "e2806894000040017790e471"},
        "timestamp": "2026-09-07T12:29:55.456+0000", "type": "CUSTOM",
    }


def heartbeat(number, dropped):
    return {
        "component": "RG", "eventNum": number, "timestamp": "2026-09-07T12:21:53.635+0000", "type": "heartbeat",
        "data": {
            "radio_control": {"radioActivity": "active", "radioConnection": "connected", "numTagReads": 12},
            "reader_gateway": {"dataPathStatistics": [
                {"noLockQDepth": 0, "numDataMessagesDropped": dropped, "numDataMessagesRetained": 0,
                 "numDataMessagesRxed": 0, "numDataMessagesTxed": 0}]},
            "system": {"GPI": {"1": "HIGH"}, "flash": None, "systemtime": "07/09/2026 12:22"}, "userapps": [],
        },
    }


GPI = {"component": "RG", "data": {"pin": 1, "state": "HIGH"}, "eventNum": 9,
       "timestamp": "2026-09-07T12:21:53.635+0000", "type": "gpi"}

reading = False


def tell(client, tail, *objects):
    client.publish(f"{BASE}/{tail}", "".join(json.dumps(one) for one in objects), qos=1)


def do(client, name, payload):
    """What the reader answers: (whether it was done, payload)."""
    global reading
    if name == "get_version":
        return True, VERSION
    if name == "get_status":
        return True, {"uptime": "26 days 01:11:17", "radioConnection": "connected", "temperature": 31,
                      "radioActivitiy": "active" if reading else "inactive",
                      "ntp": {"offset": 120, "reach": 377}}
    if name == "set_mode":
        return (True, {}) if payload.get("type") else (False, {"message": "'type' is a required property"})
    if name == "start":
        if reading:
            return False, {"message": "start currently ongoing"}
        reading = True
        return True, {}
    if name == "stop":
        was, reading = reading, False
        return was, {}
    return False, {"message": f"unknown command {name}"}


def on_connect(client, *_):
    client.subscribe([(f"{BASE}/mgmt/cmd", 1), (f"{BASE}/ctrl/cmd", 1)])


def on_subscribe(*_):
    print(json.dumps({"ready": True}), flush=True)


def on_message(client, _, message):
    command = json.loads(message.payload)
    print(json.dumps(command), flush=True)
    done, payload = do(client, command["command"], command["payload"])
    plane = "mgmt" if message.topic.endswith("/mgmt/cmd") else "ctrl"
    tell(client, f"{plane}/res", {
        "command": command["command"], "command_id": command["command_id"],
        "response": "success" if done else "failure", "payload": payload})
    if done and command["command"] == "start":
        second = json.loads(json.dumps(FULL))
        second["data"]["eventNum"] = 4808
        tell(client, "data", FULL, second)
        tell(client, "data", bare(4809))
        tell(client, "data", bare(4812))
        tell(client, "events", GPI)
        tell(client, "events", heartbeat(10, 2))
        tell(client, "events", heartbeat(11, 6))


client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="fx9600", protocol=mqtt.MQTTv311)
client.on_connect, client.on_message, client.on_subscribe = on_connect, on_message, on_subscribe
client.connect("127.0.0.1", PORT)
client.loop_forever()
