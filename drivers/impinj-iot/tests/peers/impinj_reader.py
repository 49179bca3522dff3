"""An Impinj reader's IoT device interface, played with http.server from the API's own document (1.7.0).

    python impinj_reader.py

Prints {"port": N}, then one line a request. Once started it tells, in this order: the inventory's status, a tag as the
maker's example has it, one with what the profile of the start asks for, an antenna unplugged and plugged in, an input,
an overflow, a keep-alive; then it ends the stream in the middle of a line.
"""

import base64
import json
import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

AUTHORIZATION = "Basic " + base64.b64encode(b"root:impinj").decode()
ANTENNA = ("antennaPort", "transmitPowerCdbm", "rfMode", "inventorySession", "inventorySearchMode",
           "estimatedTagPopulation")
MODES = ("single-target", "dual-target", "single-target-with-tagfocus", "single-target-b-to-a",
         "dual-target-with-b-to-a-select")
EPC, TID = bytes.fromhex("E28011606000020A6681F23F"), bytes.fromhex("E2801160200064D2A3B409C4")

streams = []
state = {"status": "idle", "wanted": {}, "fast": False}


def line(kind, name, told):
    event = {"timestamp": "2021-02-02T22:18:35.658476625Z", "eventType": kind, name: told}
    return (json.dumps(event) + "\r\n").encode()


def by_profile():
    """A tag with the properties that the profile asks for, and no others."""
    usual = {"epc": True, "tid": True, "antennaPort": True, "transmitPowerCdbm": True, "peakRssiCdbm": True,
             "frequency": True}
    have = {"epc": base64.urlsafe_b64encode(EPC).decode(), "epcHex": EPC.hex().upper(), "antennaPort": 2,
            "peakRssiCdbm": -5050, "pc": "3000", "lastSeenTime": "2021-02-02T22:18:35.499734Z",
            "transmitPowerCdbm": 3000, "frequency": 866300, "phaseAngle": 90.0}
    if state["fast"]:
        have |= {"tid": base64.urlsafe_b64encode(TID).decode(), "tidHex": TID.hex().upper()}
    wants = lambda name: state["wanted"].get(name, "enabled" if usual.get(name) else "disabled") == "enabled"
    return {name: value for name, value in have.items() if wants(name)}


def story():
    yield line("inventoryStatus", "inventoryStatusEvent", {"inventoryStatus": "running"})
    yield line("tagInventory", "tagInventoryEvent", {
        "epc": "4oARYGAAAgpmgfI_", "epcHex": "E28011606000020A6681F23F", "antennaPort": 1, "antennaName": "Portal1",
        "lastSeenTime": "2021-02-02T22:18:35.499734Z"})
    yield line("tagInventory", "tagInventoryEvent", by_profile())
    yield line("antennaDisconnected", "antennaDisconnectedEvent", {"antennaPort": 2})
    yield line("antennaConnected", "antennaConnectedEvent", {"antennaPort": 2})
    yield line("gpiTransition", "gpiTransitionEvent", {"gpi": 1, "transition": "high-to-low"})
    yield line("overflow", "overflowEvent", {
        "firstEventTimestamp": "2021-02-02T22:10:00Z", "lastEventTimestamp": "2021-02-02T22:11:00Z",
        "eventsPurged": 7, "eventsRemaining": 0})
    yield b"\r\n"
    yield b'{"timestamp":"2021-02-02T22:18:36.65847'


def refused(profile):
    antennas = profile.get("antennaConfigs") or []
    if not antennas:
        return "/antennaConfigs"
    for index, antenna in enumerate(antennas):
        for name in ANTENNA:
            if name not in antenna:
                return f"/antennaConfigs/{index}/{name}"
        if antenna["inventorySearchMode"] not in MODES or antenna["inventorySession"] not in range(4):
            return f"/antennaConfigs/{index}"
    return None


class Reader(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, told=None):
        body = b"" if told is None else json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def allowed(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.told = json.loads(body) if body else {}
        print(json.dumps({"request": f"{self.command} {self.path}", "body": self.told}), flush=True)
        if self.headers.get("Authorization") == AUTHORIZATION:
            return True
        self.answer(401, {"message": "unauthorized"})
        return False

    def do_GET(self):
        if not self.allowed():
            return
        match self.path:
            case "/api/v1/system":
                self.answer(200, {
                    "productModel": "R700", "manufacturer": "Impinj Inc.", "productDescription": "RAIN RFID reader",
                    "productSku": "IPJ-R700-241", "productHla": "96-009-001-000", "pcba": "96-007-001-000",
                    "serialNumber": "37020340091"})
            case "/api/v1/system/image":
                self.answer(200, {"primaryFirmware": "7.6.1.240", "scmRevision": "abc"})
            case "/api/v1/status":
                self.answer(200, {"status": state["status"], "time": "2021-02-02T22:18:35Z",
                                  "serialNumber": "37020340091", "mqttBrokerConnectionStatus": "disconnected"})
            case "/api/v1/data/stream":
                self.stream()
            case _:
                self.answer(404, {"message": "not found"})

    def do_POST(self):
        if not self.allowed():
            return
        match self.path:
            case "/api/v1/profiles/stop":
                state["status"] = "idle"
                self.answer(204)
            case "/api/v1/profiles/inventory/start":
                if wrong := refused(self.told):
                    return self.answer(400, {"message": "invalid", "invalidPropertyId": wrong, "detail": "required"})
                state["wanted"] = self.told.get("eventConfig", {}).get("tagInventory", {})
                state["fast"] = any(one.get("fastId") == "enabled" for one in self.told["antennaConfigs"])
                state["status"] = "running"
                self.answer(204)
                for stream in streams:
                    for piece in story():
                        stream.put(piece)
                    stream.put(None)
            case _:
                self.answer(404, {"message": "not found"})

    def stream(self):
        pieces = queue.Queue()
        streams.append(pieces)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while (piece := pieces.get()) is not None:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.flush()
        streams.remove(pieces)
        self.close_connection = True


server = ThreadingHTTPServer(("127.0.0.1", 0), Reader)
server.daemon_threads = True
print(json.dumps({"port": server.server_address[1]}), flush=True)
threading.Thread(target=server.serve_forever).run()
