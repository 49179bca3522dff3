//! A gateway with a printer at a station of its own.

use gatewarden_simulators::printer::SimPrinter;
use gatewarden_tests::{Answer, BOLT, Caller, Gateway, People, Settings, epc, root, until};
use serde_json::{Value, json};

/// What needs no font: the item, the lot, the serial number and three codes.
const CARTON: &str = "^XA^CI28^PW812^LL1218
^FO40,40^A0N,30,30^FH^FD{{ item }} {{ lot }} {{ serial }}^FS
^BY2^FO60,180{{ gs1|gs1_128(150) }}
^FO60,400{{ gs1|gs1_datamatrix(6) }}
^FO400,400{{ gs1|qr(5) }}
{% if sscc %}^BY2^FO60,800{{ ('(00)' + sscc)|gs1_128(200) }}{% endif %}
^XZ";
const PLAIN: &str = "^XA^FO40,40^A0N,30,30^FH^FD{{ item }}^FS^XZ";
/// Glyphs of a picture come from the first that has them.
const FONTS: [&str; 2] = [
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
];

pub(super) struct Hall {
    pub(super) gateway: Gateway,
    pub(super) people: People,
    pub(super) printer: SimPrinter,
    /// The storekeeper, signed in at the console.
    pub(super) li: Caller,
}

impl Hall {
    /// A running gateway whose printer is not yet approved.
    pub(super) async fn unapproved() -> (Gateway, People, SimPrinter) {
        let printer = SimPrinter::start().await.unwrap();
        let fonts: Vec<_> =
            FONTS.iter().filter(|path| std::path::Path::new(path).exists()).collect();
        let more = format!(
            "\n[[stations]]\nname = \"labels-1\"\ntitle = \"Labels\"\ndevices = [\"zebra-1\"]\n\
             [[devices]]\nname = \"zebra-1\"\nkind = \"label-printer\"\naddress = \"{}\"\n\
             templates = \"labels\"\nfonts = {}\ntid_bytes = 12\n",
            printer.address(),
            json!(fonts)
        );
        let mut gateway = Gateway::prepare(Settings { more, ..Settings::default() }).await;
        let folder = gateway.dir().join("labels");
        std::fs::create_dir(&folder).unwrap();
        let pallet = root().join("drivers/zpl/tests/labels/pallet.zpl");
        std::fs::copy(pallet, folder.join("pallet.zpl")).unwrap();
        std::fs::write(folder.join("carton.zpl"), CARTON).unwrap();
        std::fs::write(folder.join("plain.zpl"), PLAIN).unwrap();
        gateway.run().await;
        let people = People::enrol_people(&gateway).await;
        (gateway, people, printer)
    }

    pub(super) async fn new() -> Self {
        let (gateway, people, printer) = Self::unapproved().await;
        people.approve_devices_as_root(gateway.devices()).await;
        let li = people.sign_in("li.wei", None).await;
        Self { gateway, people, printer, li }
    }

    /// Queues a label; gives its id.
    pub(super) async fn queue(&self, template: &str, data: &Value) -> String {
        let body = label(template, data);
        let answer = self.li.post_ok("/api/v1/labels", &body).await;
        answer.body["id"].as_str().unwrap().to_owned()
    }

    pub(super) async fn label(&self, id: &str) -> Value {
        self.people.viewer.get(&format!("/api/v1/labels/{id}")).await
    }

    /// Waits until a label is in a state.
    pub(super) async fn becomes(&self, id: &str, state: &str) -> Value {
        until(&format!("label {id} is {state}"), || async {
            let label = self.label(id).await;
            (label["state"] == state).then_some(label)
        })
        .await
    }

    /// Waits until something is told to stand in a label's way.
    pub(super) async fn stands_against(&self, id: &str, what: &str) {
        until(&format!("label {id} waits because of {what}"), || async {
            let label = self.label(id).await;
            let told = label["reason"].as_str().is_some_and(|reason| reason.contains(what));
            (label["state"] == "queued" && told).then_some(())
        })
        .await;
    }

    pub(super) async fn decide(&self, id: &str, decision: &str) -> Answer {
        decide(&self.li, id, decision).await
    }

    /// How often a format with this text was printed.
    pub(super) fn printed(&self, text: &str) -> usize {
        let all = self.printer.printed();
        all.iter().filter(|format| String::from_utf8_lossy(format).contains(text)).count()
    }

    /// What the journal says of a label, in its order.
    pub(super) fn life(&self, id: &str) -> Vec<String> {
        let journal = self.gateway.journal();
        let words = |body: &Value| match body["kind"].as_str()? {
            "label-queued" if body["label"]["id"] == id => Some("queued".to_owned()),
            "label-changed" if body["label"] == id => Some(body["state"].as_str()?.to_owned()),
            "label-decided" if body["label"] == id => {
                Some(format!("{} by {}", body["verdict"].as_str()?, body["by"]["id"].as_str()?))
            }
            _ => None,
        };
        journal.0.iter().map(|entry| &entry["body"]).filter_map(words).collect()
    }

    /// The journal holds, with all its decisions.
    pub(super) fn verifies(&self) {
        self.gateway.cli_ok(&["ledger", "verify"], "");
    }
}

pub(super) fn label(template: &str, data: &Value) -> Value {
    json!({"printer": "zebra-1", "template": template, "data": data, "document": "4500001"})
}

pub(super) async fn decide(who: &Caller, id: &str, decision: &str) -> Answer {
    let body = json!({"decision": decision, "reason": "I looked at the printer"});
    who.post(&format!("/api/v1/labels/{id}/decide"), &body).await
}

/// The EPC of a piece of bolts, in hexadecimal.
pub(super) fn epc_hex(serial: u64) -> String {
    epc(BOLT, serial).iter().map(|byte| format!("{byte:02X}")).collect()
}
