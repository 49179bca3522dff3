"""An application that knows Zebra's readers and not ours: leads one, and holds what it tells to the documented forms.

    python zebra_app.py PORT BASE COUNT

Sends get_version, get_status, set_mode and start, then takes events until COUNT tags are seen, and stops. Prints one
JSON object: the answers by command, the EPCs, the inputs, and every departure from the forms in `wrong`.
"""

import json
import queue
import sys
from datetime import datetime

import paho.mqtt.client as mqtt

PORT, BASE, COUNT = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
PATIENCE_S = 20
NEEDED = {"antenna": int, "eventNum": int, "format": str, "idHex": str, "peakRssi": int, "reads": int}

messages, wrong = queue.Queue(), []


def on_message(_, __, message):
    decoder, text, at = json.JSONDecoder(), message.payload.decode(), 0
    while at < len(text):
        one, at = decoder.raw_decode(text, at)
        messages.put((message.topic.removeprefix(BASE + "/"), one))


def when(text):
    try:
        datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z")
    except ValueError:
        wrong.append(f"timestamp {text}")


def tag(event):
    when(event["timestamp"])
    if event["type"] not in ("SIMPLE", "INVENTORY", "PORTAL", "CONVEYOR", "CUSTOM"):
        wrong.append(f"type {event['type']}")
    for name, kind in NEEDED.items():
        if not isinstance(event["data"].get(name), kind):
            wrong.append(f"{name} of {event}")
    return event["data"]


def ask(client, plane, name, payload):
    command_id = f"app-{name}"
    client.publish(f"{BASE}/{plane}/cmd",
                   json.dumps({"command": name, "command_id": command_id, "payload": payload}), qos=1)
    while True:
        topic, one = messages.get(timeout=PATIENCE_S)
        if topic == f"{plane}/res" and one["command_id"] == command_id:
            return one


client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="app", protocol=mqtt.MQTTv311)
client.on_message = on_message
client.connect("127.0.0.1", PORT)
client.subscribe(f"{BASE}/#", 1)
client.loop_start()
answers = {}
for plane, name, payload in (("mgmt", "get_version", {}), ("mgmt", "get_status", {}),
                             ("ctrl", "set_mode", {"type": "SIMPLE"}), ("ctrl", "set_mode", {}),
                             ("ctrl", "start", {"doNotPersistState": True}),
                             ("ctrl", "start", {"doNotPersistState": True})):
    answers.setdefault(name, []).append(ask(client, plane, name, payload))
epcs, numbers, inputs = set(), [], []
while len(epcs) < COUNT:
    topic, one = messages.get(timeout=PATIENCE_S)
    if topic == "data":
        data = tag(one)
        epcs.add(data["idHex"])
        numbers.append(data["eventNum"])
    elif topic == "events":
        when(one["timestamp"])
        if one["type"] == "gpi":
            inputs.append(one["data"])
if numbers != list(range(numbers[0], numbers[0] + len(numbers))):
    wrong.append(f"numbers {numbers}")
answers["stop"] = [ask(client, "ctrl", "stop", {})]
told = {name: [[one["response"], one["payload"]] for one in all] for name, all in answers.items()}
print(json.dumps({"answers": told, "epcs": sorted(epcs), "inputs": inputs, "wrong": wrong}))
