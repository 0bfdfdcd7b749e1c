"""Makes the container "models" in Azurite, Azure's emulator: azure-container.py PORT. The account and its key are the
emulator's own, which everybody has."""

import base64
import email.utils
import hashlib
import hmac
import http.client
import sys

ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="

date, version = email.utils.formatdate(usegmt=True), "2021-08-06"
text = f"PUT\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:{date}\nx-ms-version:{version}\n/{ACCOUNT}/{ACCOUNT}/models\nrestype:container"
signature = base64.b64encode(hmac.new(base64.b64decode(KEY), text.encode(), hashlib.sha256).digest()).decode()
to = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=30)
to.request("PUT", f"/{ACCOUNT}/models?restype=container", b"", {
    "x-ms-date": date, "x-ms-version": version, "Authorization": f"SharedKey {ACCOUNT}:{signature}",
})  # fmt: skip
answer = to.getresponse()
if answer.status != 201:
    sys.exit(f"the container is not made: {answer.status} {answer.read().decode()}")
