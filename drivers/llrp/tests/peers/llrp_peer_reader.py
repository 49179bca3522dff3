"""A reader that we did not write: the emulator in PyPI's llrpkit 0.3.0, on a loopback port.

The stock emulator strays from LLRP 1.0.1 in four places that an inventory meets. They are set right
here, without touching the package: ENABLE_EVENTS_AND_REPORTS has no answer, ROSpecID 0 means all,
an enabled ROSpec with an immediate trigger starts, and an active one may be disabled.

Usage: python llrp_peer_reader.py [--port 0] [--tags 12] [--rate 200]
Prints "listening on 127.0.0.1:PORT" when it is ready.
"""
import argparse
import asyncio

from llrpkit.emulator.core import LLRPEmulator, default_population
from llrpkit.protocol import messages as m

IMMEDIATE = 1


class Conformant(LLRPEmulator):
    """The emulator with the four faults set right."""

    def chosen(self, rospec_id):
        """Ids that a request speaks of."""
        return [i for i in self._rospecs if rospec_id in (0, i)]

    async def succeed(self, response, request):
        self._sync_reporting()
        await self._send(response(llrp_status=self._status_ok()), message_id=request.message_id)

    def move(self, rospec_id, state):
        self._rospecs[rospec_id] = (self._rospecs[rospec_id][0], state)

    async def _handle_message(self, request):
        match request:
            case m.ENABLE_EVENTS_AND_REPORTS():
                pass
            case m.DELETE_ROSPEC() if request.ro_spec_id == 0:
                self._rospecs.clear()
                await self.succeed(m.DELETE_ROSPEC_RESPONSE, request)
            case m.DISABLE_ROSPEC():
                for rospec_id in self.chosen(request.ro_spec_id):
                    self.move(rospec_id, "Disabled")
                await self.succeed(m.DISABLE_ROSPEC_RESPONSE, request)
            case m.ENABLE_ROSPEC():
                for rospec_id in self.chosen(request.ro_spec_id):
                    start = self._rospecs[rospec_id][0].ro_boundary_spec.ro_spec_start_trigger
                    now = int(start.ro_spec_start_trigger_type) == IMMEDIATE
                    self.move(rospec_id, "Active" if now else "Enabled")
                await self.succeed(m.ENABLE_ROSPEC_RESPONSE, request)
            case _:
                await super()._handle_message(request)


async def serve():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--tags", type=int, default=12)
    parser.add_argument("--rate", type=float, default=200.0, help="reads a second")
    wish = parser.parse_args()
    tags = default_population(wish.tags, 4)
    async with Conformant(port=wish.port, tags=tags, reads_per_sec=wish.rate) as reader:
        print(f"listening on 127.0.0.1:{reader.port}", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve())
