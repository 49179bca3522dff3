"""A second verifier of gatewarden's proofs: shows that the format of ledger/verify/README.md is enough.

    python3 verify_proof.py TRUSTED.KEYS PROOF...      exit 0: all passed, 1: one failed or was no proof

Shares no code with the first. Needs `cryptography` (PyPI; Debian python3-cryptography) for Ed25519 only.
"""
import base64, hashlib, json, re, sys
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

def need(condition, words):
    if not condition:
        raise ValueError(words)

def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()

def unbase64(text):
    data = base64.b64decode(text, validate=True)
    need(base64.b64encode(data).decode() == text, "base64 with spare bits")
    return data

def number(text):
    need(text.isascii() and text.isdigit() and str(int(text)) == text and int(text) < 2**64, "no number")
    return int(text)

def vkey(text, kind):
    name, key_id, key = text.split("+", 2)
    key = unbase64(key)
    need(name and len(key) == 33 and key[0] == kind, "not a key of this kind")
    need(sha(name.encode(), b"\n", key)[:4].hex() == key_id, "the key's id does not fit")
    return name, key[1:], sha(name.encode(), b"\n", key)[:4]

def read_log(words):
    key, words = vkey(words[0], 1), words[1:]
    words = words[1:] if words and words[0] not in ("from", "until") else words
    ranges = {"from": 0, "until": 2**64}
    for name in ranges:
        if words[:1] == [name]:
            ranges[name], words = number(words[1]), words[2:]
    need(not words and ranges["from"] <= ranges["until"], "a bad log line")
    return key, ranges["from"], ranges["until"]

def read_trust(text):
    logs, witnesses, groups, quorum, members = [], {}, {}, None, []
    for words in (line.split() for line in text.split("\n") if not line.strip().startswith("#")):
        first = words[0] if words else None
        if first == "witness":
            need(words[1] not in {**witnesses, **groups, "none": 0}, "a name twice")
            witnesses[words[1]] = vkey(words[2], 4)
        elif first == "group":
            name, least, group = words[1], words[2], words[3:]
            need(name not in {**witnesses, **groups, "none": 0}, "a name twice")
            members += group
            need(len(set(members)) == len(members), "a member twice")
            need(all(m in witnesses or m in groups for m in group), "an unknown member")
            least = {"all": len(group), "any": 1}.get(least) or number(least)
            need(1 <= least <= len(group), "a bad number")
            groups[name] = least, group
        elif first == "quorum":
            need(quorum is None and len(words) == 2, "a second quorum")
            quorum = words[1]
            need(quorum in {**witnesses, **groups, "none": 0}, "an unknown quorum")
        elif words:
            logs.append(read_log(words[1:] if first == "log" else words))
    keys = [key[1] for key in witnesses.values()]
    need(len({key[1] for key, *_ in logs}) == len(logs) and len(set(keys)) == len(keys), "a key twice")
    need(quorum or not witnesses, "no quorum")
    return logs, witnesses, groups, quorum or "none"

def verify(key, message, signature):
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature:
        raise ValueError("a signature of a known key does not fit") from None

def check_note(note, trust):
    logs, witnesses, groups, quorum = trust
    at = note.rindex("\n\n")
    text, lines = note[: at + 1], note[at + 2 :].split("\n")
    origin, size, root, end = text.split("\n")
    size, root = number(size), unbase64(root)
    need(end == lines.pop() == "" and len(root) == 32, "not a checkpoint")
    signed, in_range, cosigned = False, False, {}
    for dash, name, code in (line.split(" ") for line in lines):
        need(dash == "\u2014", "a bad signature line")
        data = unbase64(code)
        for (log, key, key_id), first, last in logs:
            if (name, data[:4]) == (log, key_id) and log == origin:
                verify(key, text.encode(), data[4:])
                signed, in_range = True, in_range or first <= size <= last
        for witness, (known, key, key_id) in witnesses.items():
            if (name, data[:4]) == (known, key_id):
                time = int.from_bytes(data[4:12], "big")
                need(len(data) == 76 and 0 < time < 2**63, "a bad cosignature")
                verify(key, b"cosignature/v1\ntime %d\n" % time + text.encode(), data[12:])
                cosigned[witness] = True
    need(signed, "not signed by a trusted key of this ledger")
    need(in_range, "signed by a key outside its range")
    for name, (least, group) in groups.items():  # members stand above their group
        cosigned[name] = sum(cosigned.get(m, False) for m in group) >= least
    need(quorum == "none" or cosigned.get(quorum), "too few witnesses")
    return origin, size, root

def root_of(leaf, index, size, path):  # RFC 9162, 2.1.3.2
    need(index < size, "not in the tree")
    node, last = leaf, size - 1
    for sibling in path:
        need(last > 0 and len(sibling) == 32, "a bad path")
        if index % 2 or index == last:
            node = sha(b"\x01", sibling, node)
            while index % 2 == 0 and index:
                index, last = index >> 1, last >> 1
        else:
            node = sha(b"\x01", node, sibling)
        index, last = index >> 1, last >> 1
    need(last == 0, "the path is too short")
    return node

def canonical(data):  # the value, if these bytes are the only way to write it; int() refuses 1.5
    value = json.loads(data.decode(), parse_float=int, parse_constant=int)
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    short = {c: "\\u%04x" % ord(b) for c, b in zip("nrtbf", "\n\r\t\b\f")}
    text = re.sub(r"\\(.)", lambda m: short.get(m[1], m[0]), text)
    need(text.encode() == data, "the entry's bytes can be read two ways")
    return value

def check(text, trust):
    head, note = text.split("\n\n", 1)
    first, extra, index, *path = head.split("\n")
    need(first == "c2sp.org/tlog-proof@v1" and extra[:6] == "extra " and index[:6] == "index ", "no proof")
    entry, index = unbase64(extra[6:]), number(index[6:])
    origin, size, root = check_note(note, trust)
    found = root_of(sha(b"\0", entry), index, size, [unbase64(line) for line in path])
    need(found == root, "the entry is not in the signed tree")
    value = canonical(entry)
    need(isinstance(value, dict) and value.get("v") == 1 and value.get("seq") == index, "not this entry")
    return f"entry {index} of {origin}"

def main(keys, *proofs):
    trust, failed = read_trust(open(keys, encoding="utf-8", newline="").read()), 0
    for name in proofs:
        try:
            print("PASS", check(open(name, encoding="utf-8", newline="").read(), trust))
        except ValueError as error:
            failed = print("FAIL", name, error) or 1
    return failed

if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
