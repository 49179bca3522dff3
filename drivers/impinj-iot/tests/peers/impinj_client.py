"""The PyPI package impinj-iot, which drives real R700 readers, at a simulated one.

    python impinj_client.py PORT COUNT

Logs in, asks who the reader is, starts an inventory, takes tags until COUNT are seen, and stops. Prints one JSON object.
"""

import json
import queue
import sys

import requests
from impinj_iot import ImpinjIot

PORT, COUNT, PATIENCE_S = int(sys.argv[1]), int(sys.argv[2]), 20

reader = ImpinjIot()
# Its `connect` knows https only.
reader._base_url = f"http://127.0.0.1:{PORT}"
reader._session = requests.Session()
reader._session.auth = ("root", "impinj")
reader._session.trust_env = False
reader._get("/api/v1/system")
reader._connected = True
who = reader.get_reader_info()
reader.set_antenna_config([True, True, False, False])
reports, tags = queue.Queue(), {}
reader.set_notification_callback(reports.put)
started = reader.start()
while len(tags) < COUNT:
    one = reports.get(timeout=PATIENCE_S)
    tags[one.epc] = [one.antenna_port, one.peak_rssi_cdbm]
status = reader._get("/api/v1/status")["status"]
stopped = reader.stop()
print(json.dumps({
    "model": who.model, "maker": who.manufacturer, "serial": who.serial_number, "started": started,
    "status": status, "stopped": stopped, "after": reader._get("/api/v1/status")["status"], "tags": tags}))
