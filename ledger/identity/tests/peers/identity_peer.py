"""Passkeys and one-time codes as others make and check them: python-fido2 (Yubico) and pyotp.

Reads one JSON request a line and answers one JSON object a line. A refusal is {"ok": false, "why"}.
"""

import hashlib
import json
import struct
import sys

import pyotp
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from fido2.attestation import PackedAttestation
from fido2.cose import ES256, EdDSA
from fido2.server import Fido2Server
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
    PublicKeyCredentialRpEntity,
)


def server(request):
    """Yubico's relying party. It verifies attestation too, which it leaves out for "none"."""

    def attestation(obj, client_hash):
        if obj.fmt == "packed":
            PackedAttestation().verify(obj.att_stmt, obj.auth_data, client_hash)
        elif obj.fmt != "none" or obj.att_stmt:
            raise ValueError("unexpected attestation")

    return Fido2Server(
        PublicKeyCredentialRpEntity(id=request["rp"], name="Gate"),
        attestation="direct",
        verify_origin=lambda origin: origin == request["origin"],
        verify_attestation=attestation,
    )


def state(request):
    return {"challenge": request["challenge"], "user_verification": "required"}


def verify_registration(request):
    data = server(request).register_complete(state(request), request["answer"])
    return {"credential": data.credential_data.hex(), "count": data.counter}


def verify_assertion(request):
    credential = AttestedCredentialData(bytes.fromhex(request["credential"]))
    server(request).authenticate_complete(state(request), [credential], request["answer"])
    return {}


KEYS = {}
COUNTER = 0


def sign(key, message):
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(message)
    return key.sign(message, ec.ECDSA(hashes.SHA256()))


def new_key(alg):
    return ed25519.Ed25519PrivateKey.generate() if alg == -8 else ec.generate_private_key(ec.SECP256R1())


def client_data(kind, request, fault):
    challenge = websafe_decode(request["options"]["challenge"])
    if fault == "challenge":
        challenge = bytes([challenge[0] ^ 1]) + challenge[1:]
    if fault == "type":
        kind = {"webauthn.get": "webauthn.create"}.get(kind, "webauthn.get")
    origin = "https://evil.example" if fault == "origin" else request["origin"]
    return CollectedClientData.create(kind, challenge, origin, fault == "cross-origin")


def flags(base, fault):
    base |= AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.UV
    if fault == "presence":
        base &= ~AuthenticatorData.FLAG.UP
    if fault == "verification":
        base &= ~AuthenticatorData.FLAG.UV
    return base


def rp_hash(rp, fault):
    return hashlib.sha256(b"evil.example" if fault == "rp" else rp.encode()).digest()


def count(fault):
    global COUNTER
    if fault != "counter":
        COUNTER += 1
    return COUNTER


def create(request):
    """A key of ours, made of fido2's structures and cryptography's primitives."""
    options, fault, alg = request["options"], request.get("fault"), request["alg"]
    assert alg in [p["alg"] for p in options["pubKeyCredParams"]]
    assert options["authenticatorSelection"]["userVerification"] == "required"
    key, credential_id = new_key(alg), hashlib.sha256(struct.pack(">I", len(KEYS))).digest()
    KEYS[credential_id] = (key, websafe_decode(options["user"]["id"]))
    cose = (EdDSA if alg == -8 else ES256).from_cryptography_key(key.public_key())
    client = client_data("webauthn.create", request, fault)
    extensions = {"credProtect": 2} if request.get("extensions") else None
    base = AuthenticatorData.FLAG.AT | (AuthenticatorData.FLAG.ED if extensions else 0)
    data = AuthenticatorData.create(
        rp_hash(options["rp"]["id"], fault),
        flags(base, fault),
        count(fault),
        AttestedCredentialData.create(b"\0" * 16, credential_id, cose),
        extensions,
    )
    statement, signer = {}, new_key(alg) if fault == "key" else key
    if request["packed"]:
        statement = {"alg": alg, "sig": sign(signer, data + client.hash)}
    attestation = AttestationObject.create("packed" if statement else "none", data, statement)
    coded = websafe_encode(credential_id)
    response = {"clientDataJSON": websafe_encode(client), "attestationObject": websafe_encode(attestation)}
    return {"answer": {"id": coded, "rawId": coded, "type": "public-key", "response": response}}


def get(request):
    options, fault = request["options"], request.get("fault")
    coded = options["allowCredentials"][0]["id"]
    key, user = KEYS[websafe_decode(coded)]
    client = client_data("webauthn.get", request, fault)
    data = AuthenticatorData.create(rp_hash(options["rpId"], fault), flags(0, fault), count(fault))
    signature = sign(new_key(-8 if isinstance(key, ed25519.Ed25519PrivateKey) else -7) if fault == "key" else key,
                     data + client.hash)
    if fault == "data":
        data = AuthenticatorData(data[:36] + bytes([data[36] ^ 1]))
    response = {
        "clientDataJSON": websafe_encode(client),
        "authenticatorData": websafe_encode(data),
        "signature": websafe_encode(signature),
        "userHandle": websafe_encode(user),
    }
    return {"answer": {"id": coded, "rawId": coded, "type": "public-key", "response": response}}


def totp(request):
    """What an app makes of the address in the QR code."""
    app = pyotp.parse_uri(request["uri"])
    assert isinstance(app, pyotp.TOTP)
    return {"code": app.at(request["at"]), "issuer": app.issuer, "name": app.name}


def main():
    operations = {f.__name__: f for f in [verify_registration, verify_assertion, create, get, totp]}
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"ok": True, **operations[request["op"]](request)}
        except Exception as error:  # a refusal of any kind is an answer
            answer = {"ok": False, "why": repr(error)}
        print(json.dumps(answer), flush=True)


main()
