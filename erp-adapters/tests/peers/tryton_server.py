#!/usr/bin/env python3
"""A real Tryton 8.2 for the adapter's test: a fresh database, the server, and an independent eye on it.

Run by the interpreter of a virtual environment that holds trytond, trytond-stock, trytond-purchase
and proteus, all 8.2:   python tryton_server.py CACHE_DIR

The initialised database is kept in CACHE_DIR (it takes about 20 s to make) and copied for each run.
Standard output carries one JSON object a line: first {"url", "database", "user", "password", ...},
then one answer for each question that comes on standard input, one JSON object a line:
  {"ask": "stock", "product": CODE, "location": CODE}  -> {"quantity": N}
  {"ask": "shipments", "model": M, "reference": R}      -> {"shipments": [{"number", "state"}]}
  {"ask": "purchase", "number": N}                      -> {"shipment_state": S, "received": N}
  {"ask": "call", "method": M, "params": [...]}         -> {"result": ...}  (the context is added)
The server ends when standard input does. Questions go over JSON-RPC with code of their own.
"""
import base64
import hashlib
import http.client
import json
import os
import pathlib
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time

PASSWORD = "Gate-warden-1"
MODULES = ["stock", "purchase"]
START_S_MAX = 60


def conf(folder, port):
    path = folder / "trytond.conf"
    path.write_text(
        f"[database]\nuri = sqlite://\npath = {folder}\n[web]\nlisten = 127.0.0.1:{port}\n")
    return path


def tool(name):
    return str(pathlib.Path(sys.executable).parent / name)


def init(folder):
    """Makes the database and its master data."""
    (folder / "gw.sqlite").touch()
    (folder / "pw").write_text(PASSWORD + "\n")
    path = conf(folder, 0)
    subprocess.run(
        [tool("trytond-admin"), "-c", str(path), "-d", "gw", "--all",
         "-u", *MODULES, "--activate-dependencies", "--email", "admin@example.com"],
        env={**os.environ, "TRYTONPASSFILE": str(folder / "pw")},
        check=True, stdout=sys.stderr, stderr=sys.stderr)
    # A process of its own, so that its connections are closed before the file is copied.
    subprocess.run([sys.executable, __file__, "--fill", str(path)], check=True, stdout=sys.stderr)
    link = sqlite3.connect(folder / "gw.sqlite")
    busy, *_ = link.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    link.close()
    assert not busy, "the database is still in use"


def fill(path):
    """Company, supplier, products, a second storage location and confirmed purchases."""
    from decimal import Decimal

    from proteus import Model, config
    from trytond.modules.company.tests.tools import create_company
    context = config.set_trytond(database="gw", user="admin", config_file=path)
    Currency = Model.get("currency.currency")
    euro = Currency(name="Euro", code="EUR", symbol="€")
    euro.rates.new(rate=Decimal(1))
    euro.save()
    create_company(currency=euro, config=context)
    Party = Model.get("party.party")
    supplier = Party(name="ACME Fasteners", code="ACME")
    supplier.addresses.new(street="1 Foundry Lane")
    supplier.save()
    Location = Model.get("stock.location")
    storage, = Location.find([("code", "=", "STO")])
    Location(name="Cage 7", code="CAGE-7", type="storage", parent=storage).save()
    Unit = Model.get("product.uom")
    unit, = Unit.find([("name", "=", "Unit")])
    products = {}
    for code in ["BOLT-M8", "NUT-M8"]:
        template = Model.get("product.template")(
            name=code, default_uom=unit, type="goods", purchasable=True,
            list_price=Decimal("0.20"))
        template.products[0].suffix_code = code
        template.save()
        products[code], = Model.get("product.product").find([("code", "=", code)])
    order(supplier, [(products["BOLT-M8"], 24), (products["NUT-M8"], 10)], "4500001", True)
    order(supplier, [(products["BOLT-M8"], 5)], "4500002", False)


def order(supplier, lines, reference, confirm):
    from decimal import Decimal

    from proteus import Model
    purchase = Model.get("purchase.purchase")(
        party=supplier, reference=reference, invoice_method="manual")
    for product, quantity in lines:
        line = purchase.lines.new()
        line.product = product
        line.quantity = quantity
        line.unit_price = Decimal("0.1200")
    purchase.save()
    if confirm:
        purchase.click("quote")
        purchase.click("confirm")
        assert purchase.state == "processing", purchase.state


class Eye:
    """Looks at the server from outside, as any other client would."""

    def rpc(self, ask):
        return {"result": self.call(ask["method"], *ask["params"], self.context)}

    def __init__(self, port):
        self.port = port
        self.headers = {"Content-Type": "application/json"}
        uid, session, *_ = self.call("common.db.login", "admin", {"password": PASSWORD})
        token = base64.b64encode(f"admin:{uid}:{session}".encode()).decode()
        self.headers["Authorization"] = f"Session {token}"
        company, = self.call("model.company.company.search", [], 0, None, None, {})
        self.context = {"company": company}

    def call(self, method, *params):
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        body = json.dumps({"id": 1, "method": method, "params": params})
        link.request("POST", "/gw/rpc/", body, self.headers)
        reply = json.loads(link.getresponse().read())
        link.close()
        if "error" in reply:
            raise RuntimeError(str(reply["error"])[:500])
        return reply["result"]

    def rows(self, model, domain, fields):
        return self.call(
            f"model.{model}.search_read", domain, 0, None, None, fields, self.context)

    def stock(self, ask):
        location, = self.rows("stock.location", [["code", "=", ask["location"]]], [])
        context = {**self.context, "locations": [location["id"]], "with_childs": False,
                   "stock_date_end": None}
        row, = self.call("model.product.product.search_read",
                         [["code", "=", ask["product"]]], 0, None, None, ["quantity"], context)
        return {"quantity": int(row["quantity"])}

    def shipments(self, ask):
        rows = self.rows(
            ask["model"], [["reference", "=", ask["reference"]]], ["number", "state"])
        return {"shipments": [{"number": r["number"], "state": r["state"]} for r in rows]}

    def purchase(self, ask):
        domain = [["reference", "=", ask["number"]]]
        row, = self.rows("purchase.purchase", domain, ["shipment_state"])
        moves = self.rows(
            "stock.move", [["purchase", "=", row["id"]], ["state", "=", "done"]], ["quantity"])
        received = int(sum(m["quantity"] for m in moves))
        return {"shipment_state": row["shipment_state"], "received": received}


def start(folder, port):
    log = open(folder / "trytond.log", "ab")
    server = subprocess.Popen(
        [tool("trytond"), "-c", str(conf(folder, port)), "-d", "gw"],
        stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    limit = time.monotonic() + START_S_MAX
    while time.monotonic() < limit and server.poll() is None:
        try:
            return server, Eye(port)
        except OSError:
            time.sleep(0.05)
        except BaseException:
            server.kill()
            raise
    server.kill()
    raise SystemExit((folder / "trytond.log").read_text()[-3000:])


def template(cache):
    """The initialised database for exactly this script and these versions."""
    import trytond
    mark = hashlib.sha256(pathlib.Path(__file__).read_bytes() + trytond.__version__.encode())
    ready = cache / f"tryton-{mark.hexdigest()[:16]}"
    if not ready.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as fresh:
            made = pathlib.Path(fresh) / "db"
            made.mkdir()
            init(made)
            try:
                made.rename(ready)
            except OSError:
                if not ready.exists():
                    raise
    return ready


def say(value):
    print(json.dumps(value), flush=True)


def main():
    ready = template(pathlib.Path(sys.argv[1]).absolute())
    with tempfile.TemporaryDirectory() as temp:
        folder = pathlib.Path(temp)
        shutil.copy(ready / "gw.sqlite", folder / "gw.sqlite")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        server, eye = start(folder, port)
        try:
            say({"url": f"http://127.0.0.1:{port}", "database": "gw", "user": "admin",
                 "password": PASSWORD})
            answers = {"stock": eye.stock, "shipments": eye.shipments,
                       "purchase": eye.purchase, "call": eye.rpc}
            for line in sys.stdin:
                ask = json.loads(line)
                say(answers[ask["ask"]](ask))
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    if sys.argv[1] == "--fill":
        fill(sys.argv[2])
    else:
        main()
