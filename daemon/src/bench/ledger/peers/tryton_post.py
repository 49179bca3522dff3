#!/usr/bin/env python3
"""Posts stock movements to a real Tryton through its API, and tells the rate as one JSON object.

Run by the interpreter of a virtual environment that holds trytond, trytond-stock and proteus:
    python tryton_post.py FOLDER MOVEMENTS
Makes a fresh SQLite database in FOLDER (about 20 s, not counted), starts the server on it, and posts
over JSON-RPC in three ways: receipts and returns by `stock.move` (create, do), one at a time, which is
the fastest way that the API has; the same with a hundred in each pair of calls; and put-aways, which
the API only takes in an internal shipment (create, wait, assign_try, do), one at a time.
"""
import base64
import http.client
import json
import os
import pathlib
import socket
import subprocess
import sys
import time

PASSWORD = "Gate-warden-1"
PRODUCTS = 50
BINS = 20
START_S_MAX = 60
PRICE = {"__class__": "Decimal", "decimal": "1.20"}


def conf(folder, port):
    path = folder / "trytond.conf"
    path.write_text(
        f"[database]\nuri = sqlite://\npath = {folder}\n[web]\nlisten = 127.0.0.1:{port}\n")
    return path


def tool(name):
    return str(pathlib.Path(sys.executable).parent / name)


def init(folder):
    (folder / "gw.sqlite").touch()
    (folder / "pw").write_text(PASSWORD + "\n")
    path = conf(folder, 0)
    subprocess.run(
        [tool("trytond-admin"), "-c", str(path), "-d", "gw", "--all", "-u", "stock",
         "--activate-dependencies", "--email", "admin@example.com"],
        env={**os.environ, "TRYTONPASSFILE": str(folder / "pw")},
        check=True, stdout=sys.stderr, stderr=sys.stderr)
    # A process of its own, so that its connections are closed before the server opens the file.
    subprocess.run([sys.executable, __file__, "--fill", str(path)], check=True, stdout=sys.stderr)


def fill(path):
    """Company, products, bins."""
    from decimal import Decimal

    from proteus import Model, config
    from trytond.modules.company.tests.tools import create_company
    context = config.set_trytond(database="gw", user="admin", config_file=path)
    euro = Model.get("currency.currency")(name="Euro", code="EUR", symbol="€")
    euro.rates.new(rate=Decimal(1))
    euro.save()
    create_company(currency=euro, config=context)
    Location = Model.get("stock.location")
    storage, = Location.find([("code", "=", "STO")])
    for number in range(BINS):
        Location(name=f"Bin {number}", code=f"BIN-{number}", type="storage", parent=storage).save()
    unit, = Model.get("product.uom").find([("name", "=", "Unit")])
    for number in range(PRODUCTS):
        template = Model.get("product.template")(
            name=f"Part {number}", default_uom=unit, type="goods", list_price=Decimal("1.20"))
        template.products[0].suffix_code = f"PART-{number}"
        template.save()


class Client:
    """Asks the server over one connection that stays open."""

    def __init__(self, port):
        self.link = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.headers = {"Content-Type": "application/json"}
        uid, session, *_ = self.call("common.db.login", "admin", {"password": PASSWORD})
        token = base64.b64encode(f"admin:{uid}:{session}".encode()).decode()
        self.headers["Authorization"] = f"Session {token}"
        self.company, = self.call("model.company.company.search", [], 0, None, None, {})
        self.context = {"company": self.company}

    def call(self, method, *params):
        body = json.dumps({"id": 1, "method": method, "params": params})
        self.link.request("POST", "/gw/rpc/", body, self.headers)
        reply = json.loads(self.link.getresponse().read())
        if "error" in reply:
            raise RuntimeError(str(reply["error"])[:500])
        return reply["result"]

    def rows(self, model, domain, fields):
        return self.call(
            f"model.{model}.search_read", domain, 0, None, None, fields, self.context)


class Traffic:
    """The movements, as values of `stock.move`."""

    def __init__(self, client):
        places = {row["code"]: row["id"] for row in client.rows("stock.location", [], ["code"])}
        kinds = {row["type"]: row["id"] for row in client.rows("stock.location", [], ["type"])}
        self.storage, self.outside = places["STO"], (kinds["supplier"], kinds["customer"])
        self.bins = [places[f"BIN-{number}"] for number in range(BINS)]
        products = client.rows("product.product", [], ["default_uom"])
        self.products = [(row["id"], row["default_uom"]) for row in products]
        self.currency, = client.call("model.currency.currency.search", [], 0, None, None, {})
        self.company, self.made = client.company, 0

    def received(self):
        """Into a bin, in turn from the supplier and back from the customer."""
        number, self.made = self.made, self.made + 1
        move = self.move(number, self.outside[number % 2], self.bins[number % BINS])
        return {**move, "unit_price": PRICE, "currency": self.currency}

    def put_away(self, number):
        """Of what was received first: from its bin to the next."""
        way = self.bins[number % BINS], self.bins[(number + 1) % BINS]
        self.made += 1
        moves = [["create", [self.move(number, *way)]]]
        return {"from_location": way[0], "to_location": way[1], "company": self.company,
                "moves": moves}

    def move(self, number, origin, target):
        product, unit = self.products[number % len(self.products)]
        return {"product": product, "unit": unit, "quantity": 1, "company": self.company,
                "from_location": origin, "to_location": target}


def receive(client, traffic, count, size):
    """Movements a second, `size` in each pair of calls."""
    began = time.monotonic()
    for _ in range(count // size):
        values = [traffic.received() for _ in range(size)]
        moves = client.call("model.stock.move.create", values, client.context)
        client.call("model.stock.move.do", moves, client.context)
    return (count // size) * size / (time.monotonic() - began)


def put_away(client, traffic, count):
    """Movements a second, each in an internal shipment of its own."""
    model = "model.stock.shipment.internal"
    began = time.monotonic()
    for number in range(count):
        made = client.call(f"{model}.create", [traffic.put_away(number)], client.context)
        for step in ["wait", "assign_try", "do"]:
            client.call(f"{model}.{step}", made, client.context)
    return count / (time.monotonic() - began)


def start(folder, port):
    log = open(folder / "trytond.log", "ab")
    server = subprocess.Popen(
        [tool("trytond"), "-c", str(conf(folder, port)), "-d", "gw"],
        stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    limit = time.monotonic() + START_S_MAX
    while time.monotonic() < limit and server.poll() is None:
        try:
            return server, Client(port)
        except OSError:
            time.sleep(0.05)
        except BaseException:
            server.kill()
            raise
    server.kill()
    raise SystemExit((folder / "trytond.log").read_text()[-3000:])


def main():
    import trytond
    folder, count = pathlib.Path(sys.argv[1]).absolute(), int(sys.argv[2])
    init(folder)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server, client = start(folder, port)
    try:
        traffic = Traffic(client)
        receive(client, traffic, 5, 1)
        one = receive(client, traffic, count, 1)
        hundred = receive(client, traffic, max(count, 500), 100)
        away = put_away(client, traffic, count // 10)
        done = client.call("model.stock.move.search_count", [["state", "=", "done"]], 0, None,
                           client.context)
        assert done == traffic.made, (done, traffic.made)
        print(json.dumps({"version": trytond.__version__, "one": one, "hundred": hundred,
                          "put_away": away}))
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    if sys.argv[1] == "--fill":
        fill(sys.argv[2])
    else:
        main()
