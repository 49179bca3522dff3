//! The rules that join several tables: names stand once, what is referred to exists, and nothing
//! has two users.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use crate::{
    fields::{Fields, Span},
    items::normal_gtin,
    nearest::nearest,
    report::Walk,
    text::split_address,
    words::quote,
};

/// Checks everything that no single key can know.
pub(crate) fn check(walk: &mut Walk<'_>, root: &Fields) {
    if let Some(operators) = root.table("operators") {
        crate::operators::check(walk, operators);
    }
    crate::gateway::check_keys(walk, root);
    if let Some(sod) = root.table("sod") {
        crate::sod::check(walk, sod);
        unique(walk, sod, "conflicts", "id", "conflict");
    }
    crate::tls::check(walk, root);
    crate::roles::check(walk, root);
    for station in root.tables("stations") {
        crate::stations::check(walk, station);
    }
    crate::stations::check_ways(walk, root.tables("stations"));
    crate::stations::check_ways_of_goods(walk, root.tables("stations"));
    for item in root.tables("items") {
        crate::items::check(walk, item);
    }
    crate::locations::check(walk, root);
    crate::valuation::check(walk, root);
    crate::valuation::check_accounts(walk, root);
    unique(walk, root, "locations", "path", "location");
    unique(walk, root, "devices", "name", "device");
    unique(walk, root, "stations", "name", "station");
    unique(walk, root, "adapters", "name", "adapter");
    unique(walk, root, "channels", "name", "channel");
    unique(walk, root, "contacts", "operator", "contact");
    crate::procedures::channels::check(walk, root);
    unique(walk, root, "items", "code", "item");
    gtins(walk, root.tables("items"));
    stations(walk, root);
    addresses(walk, root);
    topics(walk, root);
    for device in root.tables("devices") {
        crate::devices::check(walk, device);
    }
    files(walk, root);
    adapters(walk, root);
    listen(walk, root);
}

/// Remembers where each text was seen first, and records each further one.
pub(crate) struct Seen(pub(crate) BTreeMap<String, Span>);

impl Seen {
    /// The line of the earlier one, if there was one.
    pub(crate) fn earlier(&mut self, walk: &Walk<'_>, text: String, at: Span) -> Option<u32> {
        match self.0.entry(text) {
            Entry::Occupied(first) => Some(walk.source.line(first.get().start)),
            Entry::Vacant(free) => {
                free.insert(at);
                None
            }
        }
    }
}

fn unique(walk: &mut Walk<'_>, root: &Fields, tables: &str, key: &str, noun: &str) {
    let mut seen = Seen(BTreeMap::new());
    for fields in root.tables(tables) {
        let Some(name) = fields.text(key) else { continue };
        let at = fields.place(key);
        if let Some(line) = seen.earlier(walk, name.to_owned(), at) {
            let message = format!("duplicate {noun} {}", quote(name));
            let hint = Some(format!("it stands on line {line} already"));
            walk.error(at, "duplicate-name", message, format!("each {noun} once"), hint);
        }
    }
}

fn gtins(walk: &mut Walk<'_>, items: &[Fields]) {
    let mut seen = Seen(BTreeMap::new());
    let with_units =
        items.iter().flat_map(|item| std::iter::once(item).chain(item.tables("units")));
    for (gtin, at) in with_units.flat_map(|owner| owner.texts("gtins")) {
        if let Some(line) = seen.earlier(walk, normal_gtin(gtin), at) {
            let hint = Some(format!("it stands on line {line} already"));
            let message = format!("duplicate GTIN {}", quote(gtin));
            walk.error(at, "duplicate-gtin", message, "each GTIN at one item, once", hint);
        }
    }
}

/// Each device exists, serves one station, and some station has it.
fn stations(walk: &mut Walk<'_>, root: &Fields) {
    let devices = root.tables("devices");
    let names = || devices.iter().filter_map(|device| device.text("name"));
    let known: BTreeSet<&str> = names().collect();
    let mut seen = Seen(BTreeMap::new());
    let mut meant = BTreeSet::new();
    for station in root.tables("stations") {
        for (device, at) in station.texts("devices") {
            if !known.contains(device) {
                walk.unknown(at, "unknown-device", "device", device, names());
                // Who misspelt a device meant it: one mistake, not two.
                meant.extend(nearest(device, names()));
            } else if let Some(line) = seen.earlier(walk, device.to_owned(), at) {
                let message = format!("device {} is named twice", quote(device));
                let hint = Some(format!("line {line} names it already"));
                walk.error(at, "shared-device", message, "each device once, at one station", hint);
            }
        }
        if station.list("devices").is_empty() && station.place("devices") != station.at {
            let message = "a station without devices sees nothing";
            walk.warn(station.place("devices"), "no-devices", message, "a device's name", None);
        }
    }
    for device in devices {
        let unused = |name: &&str| !seen.0.contains_key(*name) && !meant.contains(*name);
        if let Some(name) = device.text("name").filter(unused) {
            let message = format!("device {} serves no station", quote(name));
            let hint = Some("its reads would be quarantined".to_owned());
            let expected = "a station that names it";
            walk.warn(device.place("name"), "unused-device", message, expected, hint);
        }
    }
}

/// No two devices are reached at the same place.
fn addresses(walk: &mut Walk<'_>, root: &Fields) {
    let mut seen = Seen(BTreeMap::new());
    for device in root.tables("devices") {
        let Some((key, place, shown)) = reached_at(device) else { continue };
        let at = device.place(key);
        if let Some(line) = seen.earlier(walk, place, at) {
            let message = format!("{shown} is in use by two devices");
            let hint = match key {
                "client_id" => format!("line {line} has it too; each would cut the other off"),
                "product" => format!("line {line} has it too; tell them apart with `serial`"),
                _ => format!("line {line} has it too"),
            };
            let expected = "an address of its own for each device";
            walk.error(at, "address-in-use", message, expected, Some(hint));
        }
    }
    for adapter in root.tables("adapters").iter().chain(root.tables("channels")) {
        let Some((broker, id)) = adapter.text("address").zip(adapter.text("client_id")) else {
            continue;
        };
        let at = adapter.place("client_id");
        if let Some(line) = seen.earlier(walk, as_client(broker, id), at) {
            let message = format!("client_id {} is in use twice at that broker", quote(id));
            let hint = Some(format!("line {line} has it too; each would cut the other off"));
            walk.error(at, "address-in-use", message, "a name of its own", hint);
        }
    }
}

/// A client of a broker, in one spelling.
fn as_client(broker: &str, id: &str) -> String {
    format!("{} as {id}", broker.to_ascii_lowercase())
}

/// No two devices listen to the same reader behind a broker.
fn topics(walk: &mut Walk<'_>, root: &Fields) {
    let mut seen = Seen(BTreeMap::new());
    for device in root.tables("devices") {
        let Some((address, topic)) = device.text("address").zip(device.text("topic")) else {
            continue;
        };
        let (at, topic) = (device.place("topic"), topic.trim_end_matches('/'));
        let place = format!("{} {topic}", address.to_ascii_lowercase());
        if let Some(line) = seen.earlier(walk, place, at) {
            let message = format!("topic {} is in use by two devices", quote(topic));
            let hint = Some(format!("line {line} has it too"));
            walk.error(at, "topic-in-use", message, "a reader of its own for each device", hint);
        }
    }
}

/// The key that says where a device is reached, that place in one spelling, and as shown.
fn reached_at(device: &Fields) -> Option<(&'static str, String, String)> {
    if device.text("kind") == Some("zebra-iot") {
        // Readers share a broker; at a broker a name is one client's, and whoever takes it cuts the other off.
        let (broker, id) = (device.text("address")?, device.text("client_id")?);
        let shown = format!("client_id {} at the broker {}", quote(id), quote(broker));
        return Some(("client_id", as_client(broker, id), shown));
    }
    if let Some(url) = device.text("url") {
        let place = url.trim_end_matches('/').to_ascii_lowercase();
        return Some(("url", place, format!("url {}", quote(url))));
    }
    // Several Modbus units may share one gateway's address, or one serial line.
    let unit = device.integer::<u8>("unit").map_or(String::new(), |u| format!("#{u}"));
    if let Some(address) = device.text("address") {
        let place = format!("{}{unit}", address.to_ascii_lowercase());
        return Some(("address", place, format!("address {}", quote(address))));
    }
    if let Some(path) = device.text("path") {
        return Some(("path", format!("{path}{unit}"), format!("path {}", quote(path))));
    }
    let vendor = device.integer::<u16>("vendor")?;
    let product = device.integer::<u16>("product")?;
    let serial = device.text("serial").unwrap_or("");
    let shown = format!("USB {vendor:04x}:{product:04x}");
    Some(("product", format!("{shown} {serial}"), shown))
}

/// The ledger, its key and the spool are three files.
fn files(walk: &mut Walk<'_>, root: &Fields) {
    let mut seen = Seen(BTreeMap::new());
    for (section, key) in [("ledger", "path"), ("ledger", "key"), ("spool", "path")] {
        let Some(fields) = root.table(section) else { continue };
        let Some(path) = fields.text(key) else { continue };
        let at = fields.place(key);
        if let Some(line) = seen.earlier(walk, path.to_owned(), at) {
            let message = format!("path {} is in use twice", quote(path));
            let hint = Some(format!("line {line} has it too"));
            walk.error(at, "path-in-use", message, "a file of its own", hint);
        }
    }
}

fn adapters(walk: &mut Walk<'_>, root: &Fields) {
    let items = || root.tables("items").iter().filter_map(|item| item.text("code"));
    let known: BTreeSet<&str> = items().collect();
    for adapter in root.tables("adapters") {
        for (item, _) in adapter.pairs("items") {
            if !known.contains(item.value.as_str()) {
                walk.unknown(item.at, "unknown-item", "item", &item.value, items());
            }
        }
        let password = adapter.place("password") != adapter.at;
        let mqtt = adapter.text("kind") == Some("mqtt");
        if mqtt && password && adapter.text("username").is_none() {
            let message = "a password without a user";
            walk.error(adapter.place("password"), "conflict", message, "\"username\" too", None);
        }
        if adapter.has("kinds") && adapter.list("kinds").is_empty() {
            let message = "an adapter without kinds gets nothing";
            let hint = Some("leave `kinds` out for all of them".to_owned());
            walk.warn(adapter.place("kinds"), "no-kinds", message, "a kind of movement", hint);
        }
        crate::delivered::check(walk, adapter);
        plain_http(walk, adapter, "movements");
    }
    for channel in root.tables("channels") {
        plain_http(walk, channel, "notices and keys");
    }
}

fn plain_http(walk: &mut Walk<'_>, adapter: &Fields, what: &str) {
    let Some(url) = adapter.text("url").and_then(|url| url::Url::parse(url).ok()) else { return };
    let local = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => true,
    };
    if url.scheme() == "http" && !local {
        let message = format!("{what} would cross the network in the clear");
        let hint = Some("use https".to_owned());
        walk.warn(adapter.place("url"), "plain-http", message, "\"https://…\"", hint);
    }
}

/// The API's own address belongs to nobody else, and stays on this machine.
fn listen(walk: &mut Walk<'_>, root: &Fields) {
    let Some(gateway) = root.table("gateway") else { return };
    let Some(listen) = gateway.parsed::<std::net::SocketAddr>("listen") else { return };
    let ours = |address: &str| {
        split_address(address).is_some_and(|(host, port)| {
            let host = host.trim_matches(['[', ']']);
            let ip = host.parse::<std::net::IpAddr>().ok();
            let here = host == "localhost" || ip.is_some_and(|ip| ip.is_loopback());
            let same = ip == Some(listen.ip());
            let local = listen.ip().is_loopback() || listen.ip().is_unspecified();
            port == listen.port() && (same || here && local)
        })
    };
    let own = |text: &str| {
        let url = url::Url::parse(text).ok();
        url.and_then(|u| Some(format!("{}:{}", u.host_str()?, u.port_or_known_default()?)))
    };
    let others = root.tables("adapters").iter().chain(root.tables("channels"));
    for fields in root.tables("devices").iter().chain(others) {
        let key = if fields.text("url").is_some() { "url" } else { "address" };
        let address = fields.owned("address").or_else(|| fields.text("url").and_then(own));
        if address.is_some_and(|address| ours(&address)) {
            let message = format!("{key} is where the gateway itself listens");
            let hint = Some(format!("`listen` of [gateway] is {listen}"));
            walk.error(fields.place(key), "listen-clash", message, "another address", hint);
        }
    }
    if !listen.ip().is_loopback() && !gateway.table("tls").is_some_and(crate::tls::is_on) {
        let message = "the API is plain HTTP and would be open to the network: PINs, cookies and tokens \
                       can be read on the way";
        let hint = Some("set [gateway.tls], or put a TLS proxy before it".to_owned());
        let expected = "an address of this machine only";
        walk.warn(gateway.place("listen"), "open-listen", message, expected, hint);
    }
}
