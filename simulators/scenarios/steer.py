#!/usr/bin/env python3
"""Steers a scenario from a test in Python, with nothing but its standard library.

steer.py GATEWARDEN_SIM SCENARIO starts the scenario with its control API, tells its devices, plays
with the first scanner or ERP it finds and ends it; it exits 1 where something is not as it should be.
"""

import json
import subprocess
import sys
import urllib.error
import urllib.request


class Sim:
    def __init__(self, program, scenario):
        command = [program, "run", scenario, "--control", "127.0.0.1:0"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            event = json.loads(line)
            if event["event"] == "control":
                self.url = event["at"]
                return
        sys.exit("the simulator did not start")

    def ask(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(self.url + path, data, timeout=10) as answer:
            return json.load(answer)

    def act(self, device, action, **arguments):
        return self.ask(f"/devices/{device}/{action}", arguments)

    def events(self, start=0):
        with urllib.request.urlopen(f"{self.url}/events?from={start}", timeout=10) as lines:
            yield from map(json.loads, lines)

    def stop(self):
        try:
            self.ask("/stop", {})
        except (ConnectionError, urllib.error.URLError):
            pass  # it ended before its answer was out
        self.process.stdout.read()
        return self.process.wait(10)


def main():
    sim = Sim(*sys.argv[1:3])
    devices = {device["name"]: device for device in sim.ask("/devices")}
    for device in devices.values():
        actions = ", ".join(action["do"] for action in device["actions"])
        print(f"{device['name']} ({device['kind']}) at {device['at']}: {actions}")
    erp = next(name for name, device in devices.items() if device["kind"] in ("erp", "webhook"))
    sim.act(erp, "fault", mode="timeout-after-commit", times=1)
    assert sim.ask(f"/devices/{erp}")["faults"]["on"] is True
    try:
        sim.act(erp, "fault", mode="sleepy")
        sys.exit("a fault that there is not was taken")
    except urllib.error.HTTPError as error:
        assert error.code == 422, error
        print(json.load(error)["error"])
    told = next(e for e in sim.events() if e["event"] == "step" and e.get("did") == "fault")
    assert told["device"] == erp, told
    sys.exit(sim.stop())


if __name__ == "__main__":
    main()
