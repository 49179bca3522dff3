//! `[[adapters]]`: the ERPs that movements are delivered to, told apart by `kind`.

use std::collections::BTreeMap;

use gatewarden_model::{Field, LaneId, MovementKind};

use crate::{
    Delivered, Secret,
    delivered::{RECEIPT, SUCCESS},
    fields::Fields,
    roles::FIELDS_MAX,
    shape::{Choice, Key, Kind, Kinds, Shape, Text, bool_or, integer_or, optional, required},
    valuation::{KIND_NAMES, movement_kind},
};

/// Most adapters of one gateway.
pub const ADAPTERS_MAX: usize = 32;
/// Most pairs of one mapping.
pub const MAPPING_MAX: usize = 20_000;

/// One ERP that movements are delivered to.
#[derive(Debug, Clone)]
pub struct AdapterSection {
    /// Its lane: the queue of deliveries to it.
    pub name: LaneId,
    /// What it is and how it is reached.
    pub kind: AdapterKind,
    /// The longest wait between two attempts, in milliseconds.
    pub retry_ms_max: u64,
    /// A delivery is dead after so many attempts; without it attempts go on for ever.
    pub attempts_max: Option<u32>,
    /// The kinds of movement that are its business; none for all.
    pub kinds: Option<Vec<MovementKind>>,
    /// The fields that the receiver may not see.
    pub fields_hidden: Vec<Field>,
}

/// What an ERP is and how it is reached.
#[derive(Debug, Clone)]
pub enum AdapterKind {
    /// A signed POST of each movement.
    Webhook {
        /// Where to.
        url: String,
        /// The key of the signature.
        secret: Secret,
        /// Whether the receiver answers a GET that asks for a movement.
        look_up: bool,
        /// What proves that it has a movement.
        delivered: Delivered,
    },
    /// Tryton over its RPC.
    Tryton {
        /// The server's base URL.
        url: String,
        /// The database's name.
        database: String,
        /// The user.
        user: String,
        /// The user's password.
        password: Secret,
        /// The company, by name or by its id in digits; the user's own where absent.
        company: Option<String>,
        /// The warehouse's code.
        warehouse: String,
        /// Our location to Tryton's location name or code.
        locations: BTreeMap<String, String>,
        /// Our item code to Tryton's product code; the same code where absent.
        items: BTreeMap<String, String>,
        /// Our `@supplier/…` to Tryton's party code.
        suppliers: BTreeMap<String, String>,
    },
    /// Publishing to an MQTT broker.
    Mqtt {
        /// `host:port`.
        address: String,
        /// The topic.
        topic: String,
        /// The client's id at the broker.
        client_id: String,
        /// The user, if the broker wants one.
        username: Option<String>,
        /// The user's password.
        password: Option<Secret>,
    },
}

const LINE: Shape = Shape::Text(Text::Line);
const URL: Shape = Shape::Text(Text::Url);

const COMMON: &[Key] = &[
    required("name", Shape::Text(Text::Slug), "The adapter's name: the lane of its deliveries."),
    integer_or(
        "retry_ms_max",
        1000,
        86_400_000,
        300_000,
        "The longest wait between two attempts, in milliseconds.",
    ),
    optional(
        "attempts_max",
        Shape::Integer { min: 1, max: 1_000_000 },
        "A delivery is set aside after so many attempts. By default it is tried for ever.",
    ),
    optional(
        "kinds",
        Shape::List { of: &Shape::Choice(MOVEMENT_KIND), max: KIND_NAMES.len() },
        "Only movements of these kinds are delivered there. By default all are.",
    ),
    optional(
        "fields_hidden",
        Shape::List { of: &Shape::Text(Text::Field), max: FIELDS_MAX },
        "Fields that are taken out of what is delivered, such as [\"cost\", \"supplier\"].",
    ),
];

const MOVEMENT_KIND: Choice =
    Choice { code: "unknown-kind", noun: "movement kind", of: KIND_NAMES };

pub(crate) static ADAPTERS: Kinds = Kinds {
    doc: "An ERP that movements are delivered to.",
    noun: "adapter kind",
    common: COMMON,
    max: ADAPTERS_MAX,
    kinds: &[
        Kind { name: "webhook", doc: "A signed POST of each movement.", keys: WEBHOOK },
        Kind { name: "tryton", doc: "Tryton 8.x over its RPC.", keys: TRYTON },
        Kind { name: "mqtt", doc: "Publishing to an MQTT broker.", keys: MQTT },
    ],
};

const WEBHOOK: &[Key] = &[
    required("url", URL, "Where movements are posted to."),
    required("secret", Shape::Secret, "The key of the signature."),
    bool_or("look_up", false, "Whether the receiver answers a GET that asks for a movement."),
    optional("success", Shape::Section(&SUCCESS), "What must stand in the answer to a movement."),
    RECEIPT,
    bool_or("accept_any", false, "Whether answers that are no JSON count too; HTML never does."),
];

const TRYTON: &[Key] = &[
    required("url", URL, "The server's base URL, without the database."),
    required("database", LINE, "The database's name."),
    required("user", LINE, "The user that posts; give it stock rights only."),
    required("password", Shape::Secret, "The user's password."),
    optional("company", LINE, "The company, by name or by its id in digits."),
    required("warehouse", LINE, "The warehouse's code."),
    optional(
        "locations",
        Shape::Map { key: Text::Location, value: Text::Line, max: MAPPING_MAX },
        "Our location = Tryton's location name or code, such as \"wh1/dock\" = \"Input Zone\".",
    ),
    optional(
        "items",
        Shape::Map { key: Text::Code, value: Text::Line, max: MAPPING_MAX },
        "Our item code = Tryton's product code, where they differ.",
    ),
    optional(
        "suppliers",
        Shape::Map { key: Text::Supplier, value: Text::Line, max: MAPPING_MAX },
        "Our supplier = Tryton's party code, such as \"@supplier/ACME\" = \"P-0042\".",
    ),
];

const MQTT: &[Key] = &[
    required("address", Shape::Text(Text::Address(1883)), "The broker's host:port."),
    required("topic", Shape::Text(Text::Topic), "The topic that movements are published to."),
    required("client_id", LINE, "The client's id; no other client of the broker may use it."),
    optional("username", LINE, "The user, if the broker wants one."),
    optional("password", Shape::Secret, "The user's password."),
];

impl AdapterSection {
    pub(crate) fn build(fields: &Fields) -> Option<Self> {
        let kind = match fields.text("kind")? {
            "webhook" => AdapterKind::Webhook {
                url: fields.owned("url")?,
                secret: fields.secret("secret")?,
                look_up: fields.bool("look_up")?,
                delivered: Delivered::build(fields)?,
            },
            "tryton" => tryton(fields)?,
            "mqtt" => AdapterKind::Mqtt {
                address: fields.owned("address")?,
                topic: fields.owned("topic")?,
                client_id: fields.owned("client_id")?,
                username: fields.owned("username"),
                password: fields.secret("password"),
            },
            _ => return None,
        };
        Some(Self {
            name: fields.parsed("name")?,
            kind,
            retry_ms_max: fields.integer("retry_ms_max")?,
            attempts_max: fields.integer("attempts_max"),
            fields_hidden: fields
                .texts("fields_hidden")
                .filter_map(|(field, _)| field.parse().ok())
                .collect(),
            kinds: fields.has("kinds").then(|| {
                fields.texts("kinds").filter_map(|(kind, _)| movement_kind(kind)).collect()
            }),
        })
    }
}

fn tryton(fields: &Fields) -> Option<AdapterKind> {
    Some(AdapterKind::Tryton {
        url: fields.owned("url")?,
        database: fields.owned("database")?,
        user: fields.owned("user")?,
        password: fields.secret("password")?,
        company: fields.owned("company"),
        warehouse: fields.owned("warehouse")?,
        locations: fields.map("locations"),
        items: fields.map("items"),
        suppliers: fields.map("suppliers"),
    })
}
