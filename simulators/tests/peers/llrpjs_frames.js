// Decodes LLRP messages with npm's llrpjs and writes them again.
//   node llrpjs_frames.js < HEX      one message a line
// Prints one JSON object a line: {"type", "id", "again": hex}, or {"error"} where llrpjs gives up.
const { LLRPMessage } = require("llrpjs");

for (const line of require("fs").readFileSync(0, "utf8").split("\n").filter(Boolean)) {
    try {
        const message = new LLRPMessage(Buffer.from(line, "hex")).decode();
        const told = message.toLLRPData();
        const again = new LLRPMessage(told).encode().getBuffer().toString("hex");
        console.log(JSON.stringify({ type: told.type, id: told.id, again }));
    } catch (error) {
        console.log(JSON.stringify({ error: String(error) }));
    }
}
