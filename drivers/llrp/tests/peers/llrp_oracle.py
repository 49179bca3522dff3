"""Decodes and makes LLRP messages with other people's codecs, for a test to compare with ours.

One JSON object a line on stdin, one answer a line on stdout:
  {"peer": "pyllrp", "op": "known"}              -> {"messages": [[type, vendor, subtype], ...], "params": ...}
  {"peer": "pyllrp", "op": "decode", "hex": ...} -> {"tree": tree, "hex": the message written again}
  {"peer": "pyllrp", "op": "make", "seed": n}    -> {"made": [{"hex": ..., "tree": tree}, ...]}: each type once
A tree is [name, [[field, value, name of the value or null], ...], [tree, ...]]. "peer" is pyllrp or llrpkit.
"""

import inspect
import json
import random
import re
import sys


def plain(value):
    if isinstance(value, (bytes, bytearray)):
        return value.hex()
    return int(value) if isinstance(value, int) else value


class Pyllrp:
    def __init__(self):
        import bitstring
        from pyllrp import pyllrp

        self.lib, self.stream = pyllrp, bitstring.BitStream
        names = vars(pyllrp)
        self.messages = [c for n, c in names.items() if n.endswith("_Message") and inspect.isclass(c)]
        self.params = [c for n, c in names.items() if n.endswith("_Parameter") and inspect.isclass(c)]
        for cls in self.messages + self.params:
            # Its rules of order are stricter than its own definitions; here only the bytes matter.
            cls._validate = lambda node, path=None: None

    def id(self, cls):
        code = cls.PackUnpack.Code
        return list(code) if isinstance(code, tuple) else [code, None, None]

    def known(self):
        def ids(classes):
            return sorted((self.id(c) for c in classes if c.Name not in ("Custom", "CUSTOM_MESSAGE")), key=str)

        return {"messages": ids(self.messages), "params": ids(self.params)}

    def decode(self, data):
        message = self.lib.UnpackMessageFromSocket(Socket(data))
        tree = self.tree(message)
        try:
            return {"tree": tree, "hex": self.encode(message).hex()}
        except Exception as error:
            return {"tree": tree, "hex": None, "error": repr(error)}

    def encode(self, message):
        return message.pack(self.stream()).tobytes()

    def tree(self, node):
        fields = []
        for f in node.DataFields:
            if f.Name in ("VendorIdentifier", "ParameterSubtype", "MessageSubtype"):
                continue
            value = getattr(node, f.Name)
            if f.TypeCode == "array:8":
                value = bytes(value)
            if f.TypeCode == "uintbe:96":
                value = value.to_bytes(12, "big")
            if hasattr(value, "tobytes"):
                value = value.uint if f.TypeCode.startswith("bits:") else value.tobytes()
            name = None
            if f.Enum and isinstance(value, int) and f.Enum.valid(int(value)):
                name = f.Enum.getName(int(value))
            fields.append([f.Name, plain(value), name])
        return [node.Name, fields, [self.tree(p) for p in node.Parameters]]

    def make(self, dice):
        for cls in self.messages:
            if cls.Name != "CUSTOM_MESSAGE":
                yield self.built(cls(**self.values(cls, dice), MessageID=7), dice)
        for cls in self.params:
            if cls.Name != "Custom":
                report = self.lib.RO_ACCESS_REPORT_Message(MessageID=7)
                report.Parameters.append(self.param(cls, dice, 2))
                yield report

    def built(self, node, dice, depth=0):
        for sub in node.ParameterDefs or ():
            low, high = sub["repeat"]
            count = max(low, dice.randrange(3 if high > 1 else 2) if depth < 3 else 0)
            for _ in range(count):
                cls = self.choose(sub["parameter"], dice)
                if cls:
                    node.Parameters.append(self.param(cls, dice, depth + 1))
        return node

    def choose(self, name, dice):
        key = name + "_Parameter"
        choices = [vars(self.lib)[n] for n, c in self.lib.llrpdef.choiceDefinitions.items() if c == key]
        cls = dice.choice(choices) if choices else vars(self.lib)[key]
        return None if cls.Name == "Custom" else cls

    def param(self, cls, dice, depth):
        return self.built(cls(**self.values(cls, dice)), dice, depth)

    def values(self, cls, dice):
        return {f.Name: self.value(f, dice) for f in cls.DataFields if f.Default is None}

    def value(self, f, dice):
        kind, _, bits = f.TypeCode.partition(":")
        if kind == "bool":
            return bool(dice.randrange(2))
        if kind == "string":
            return "text"[: dice.randrange(5)]
        if kind == "array":
            return [dice.randrange(1 << int(bits)) for _ in range(dice.randrange(4))]
        if kind == "bitarray":
            return dice.randbytes(dice.randrange(1, 5))
        if kind == "bytesToEnd":
            return self.stream(bytes=dice.randbytes(4))
        if kind == "intbe":
            return dice.randrange(1 << int(bits)) - (1 << (int(bits) - 1))
        return dice.randrange(1, 1 << int(bits)) if int(bits) > 1 else dice.randrange(2)


class Socket:
    def __init__(self, data):
        self.data = data

    def recv(self, count):
        head, self.data = self.data[:count], self.data[count:]
        return head


class Llrpkit:
    CALL = re.compile(r"w\.(\w+)\((?:int\()?self\.(\w+)\)?(?:, (\d+))?\)")

    def __init__(self):
        from llrpkit.protocol import codec, impinj, messages, params  # noqa: F401

        self.codec = codec
        self.messages = [*codec.MESSAGE_REGISTRY.values(), *codec.CUSTOM_MESSAGE_REGISTRY.values()]
        self.params = [*codec.PARAMETER_REGISTRY.values(), *codec.CUSTOM_PARAMETER_REGISTRY.values()]
        self.report = messages.RO_ACCESS_REPORT
        self.bounds = {}

    def id(self, cls, attr):
        custom = hasattr(cls, "SUBTYPE")
        return [getattr(cls, attr), cls.VENDOR_ID if custom else None, cls.SUBTYPE if custom else None]

    def known(self):
        return {
            "messages": [self.id(c, "MESSAGE_TYPE") for c in self.messages],
            "params": [self.id(c, "PARAM_TYPE") for c in self.params],
        }

    def decode(self, data):
        message = self.codec.decode_message(data)
        return {"tree": self.tree(message), "hex": message.to_bytes().hex()}

    def encode(self, message):
        return message.to_bytes(message_id=7)

    def fields(self, cls):
        if cls not in self.bounds:
            own = "_encode_fields" in vars(cls)
            source = inspect.getsource(cls._encode_fields) if own else ""
            self.bounds[cls] = [
                (name, kind, bits) for kind, name, bits in self.CALL.findall(source)
            ]
        return self.bounds[cls]

    def tree(self, node):
        fields = []
        for name, _, _ in self.fields(type(node)):
            value = getattr(node, name)
            label = getattr(value, "name", None)
            if isinstance(value, self.codec.BitStr):
                value = value.data
            fields.append([name, plain(value), label])
        below = []
        for slot in node._SLOTS:
            value = getattr(node, slot.attr)
            below += value if slot.is_list else [value] if value is not None else []
        below += node.unbound_params
        return [type(node).__name__, fields, [self.tree(p) for p in below]]

    def make(self, dice):
        for cls in self.messages:
            yield self.built(cls, dice)
        for cls in self.params:
            report = self.report()
            report.unbound_params.append(self.built(cls, dice, 2))
            yield report

    def built(self, cls, dice, depth=0):
        values = {name: self.value(kind, bits, dice) for name, kind, bits in self.fields(cls)}
        for slot in cls._SLOTS:
            count = max(slot.min_count, dice.randrange(3 if slot.is_list else 2) if depth < 3 else 0)
            types = [t for t in slot.types if t is not self.codec.CustomParameter]
            made = [self.built(dice.choice(types), dice, depth + 1) for _ in range(count) if types]
            if slot.is_list:
                values[slot.attr] = made
            elif made:
                values[slot.attr] = made[0]
        return cls(**values)

    def value(self, kind, bits, dice):
        many = range(dice.randrange(4))
        if kind == "bits":
            return dice.randrange(1 << int(bits))
        if kind == "utf8v":
            return "text"[: dice.randrange(5)]
        if kind == "u1v":
            return self.codec.BitStr.from_bytes(dice.randbytes(len(many)))
        if kind == "u8v" or kind == "raw":
            return dice.randbytes(len(many))
        if kind == "u96":
            return dice.randbytes(12)
        if kind.endswith("v"):
            return [dice.randrange(1 << int(kind[1:-1])) for _ in many]
        size = int(kind[1:])
        return dice.randrange(1 << size) - ((1 << (size - 1)) if kind[0] == "s" else 0)


def answer(peers, ask):
    kind = {"pyllrp": Pyllrp, "llrpkit": Llrpkit}[ask["peer"]]
    peer = peers.setdefault(ask["peer"], None) or peers.__setitem__(ask["peer"], kind()) or peers[ask["peer"]]
    if ask["op"] == "known":
        return peer.known()
    if ask["op"] == "decode":
        return peer.decode(bytes.fromhex(ask["hex"]))
    made = []
    for message in peer.make(random.Random(ask["seed"])):
        made.append({"tree": peer.tree(message), "hex": peer.encode(message).hex()})
    return {"made": made}


def main():
    peers = {}
    for line in sys.stdin:
        try:
            reply = answer(peers, json.loads(line))
        except Exception as error:
            reply = {"error": repr(error)}
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
