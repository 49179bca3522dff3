"""A mail server that fails as its receivers' names say; prints its port.

later@ is refused for now, nobody@ for good; full@ and busy@ are refused after the text, drop@ ends the
connection then, hang@ never answers.
"""

import asyncio

from aiosmtpd.smtp import SMTP


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        name = address.split("@")[0]
        if name == "later":
            return "451 4.7.1 greylisted"
        if name == "nobody":
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        name = envelope.rcpt_tos[0].split("@")[0]
        if name == "full":
            return "552 5.2.2 mailbox full"
        if name == "busy":
            return "451 4.3.0 try again"
        if name == "drop":
            server.transport.abort()
        if name == "hang":
            await asyncio.sleep(3600)
        return "250 2.0.0 queued as Q-1"


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Handler(), hostname="faulty"), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
