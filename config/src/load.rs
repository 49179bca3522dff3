//! From a file to a `Config` or to all of its mistakes.

use std::path::{Path, PathBuf};

use gatewarden_model::{Hash, Item, RoleMatrix, SodTable};
use toml::de::DeTable;

use crate::{
    AccessSection, AccountSection, AdapterSection, CONFIG_BYTES_MAX, Device, Environment, Gateway,
    LedgerSection, LocationSection, Mistake, OperatorsSection, ReservationsSection, Severity,
    SpoolSection, Station, ValuationSection, WitnessesSection, access,
    access::CedarFile,
    adapters, cross, devices,
    fields::{Fields, Span},
    gateway, items, locations, operators,
    procedures::{
        self, ProceduresSection,
        channels::{self, ChannelSection, ContactSection},
    },
    report::Walk,
    roles,
    shape::{Section, Shape, UNKNOWN_KEY, optional, required},
    sod, stations, valuation,
    walk::span,
    witnesses,
};

/// Everything that one gateway is told.
#[derive(Debug, Clone)]
pub struct Config {
    /// The digest of the file's bytes.
    pub hash: Hash,
    /// Who this gateway is.
    pub gateway: Gateway,
    /// The ledger.
    pub ledger: LedgerSection,
    /// The spool.
    pub spool: SpoolSection,
    /// Where operators come from.
    pub operators: OperatorsSection,
    /// The item master, in the file's order.
    pub items: Vec<Item>,
    /// In which money and how stock is valued.
    pub valuation: ValuationSection,
    /// Which accounts a movement's voucher names, in the file's order.
    pub accounts: Vec<AccountSection>,
    /// The places in the building, in the file's order. Where there are any, there are no others.
    pub locations: Vec<LocationSection>,
    /// How long and how many postings may wait.
    pub reservations: ReservationsSection,
    /// Who cosigns the checkpoints.
    pub witnesses: WitnessesSection,
    /// The stations, in the file's order.
    pub stations: Vec<Station>,
    /// The devices, in the file's order.
    pub devices: Vec<Device>,
    /// The adapters, in the file's order.
    pub adapters: Vec<AdapterSection>,
    /// The ways by which notices reach people, in the file's order.
    pub channels: Vec<ChannelSection>,
    /// How people are called there, in the file's order.
    pub contacts: Vec<ContactSection>,
    /// On which roles it builds, and policies in Cedar beside them.
    pub access: AccessSection,
    /// The template's roles with the file's own on top.
    pub roles: RoleMatrix,
    /// What the house has decided about documents, approvals, rules and notices.
    pub procedures: ProceduresSection,
    /// Which duties one person must not hold: the default ones with the file's own on top.
    pub sod: SodTable,
}

/// What came of a file.
#[derive(Debug, Clone)]
pub struct Checked {
    /// The configuration, where no mistake is an error.
    pub config: Option<Config>,
    /// All mistakes, warnings too, in the file's order.
    pub mistakes: Vec<Mistake>,
    /// The file's text, for `render`; empty where it could not be read as text.
    pub source: String,
    /// The texts of all files that mistakes are in, for `render_files`.
    pub sources: Vec<(PathBuf, String)>,
}

pub(crate) static ROOT: Section = Section {
    doc: "The configuration of one gatewarden gateway.",
    unknown: UNKNOWN_KEY,
    keys: &[
        required("gateway", Shape::Section(&gateway::GATEWAY), "Who this gateway is."),
        optional("ledger", Shape::Section(&gateway::LEDGER), "The ledger."),
        optional("spool", Shape::Section(&gateway::SPOOL), "The local buffer."),
        optional("operators", Shape::Section(&operators::OPERATORS), "Where operators come from."),
        optional(
            "items",
            Shape::Sections { of: &items::ITEM, max: items::ITEMS_MAX },
            "The items that may be moved.",
        ),
        optional("valuation", Shape::Section(&valuation::VALUATION), "How stock is valued."),
        optional(
            "accounts",
            Shape::Sections { of: &valuation::ACCOUNT, max: valuation::ACCOUNTS_MAX },
            "The accounts that finance vouchers name.",
        ),
        optional(
            "locations",
            Shape::Sections { of: &locations::LOCATION, max: locations::LOCATIONS_MAX },
            "The places in the building. Where any is declared, stock can be at no other.",
        ),
        optional(
            "reservations",
            Shape::Section(&valuation::RESERVATIONS),
            "Postings that wait for their second person.",
        ),
        optional(
            "witnesses",
            Shape::Section(&witnesses::WITNESSES),
            "Who cosigns the checkpoints.",
        ),
        optional(
            "stations",
            Shape::Sections { of: &stations::STATION, max: stations::STATIONS_MAX },
            "The places that devices serve.",
        ),
        optional("devices", Shape::Kinds(&devices::DEVICES), "Readers, scanners, printers, lamps."),
        optional("adapters", Shape::Kinds(&adapters::ADAPTERS), "The ERPs delivered to."),
        optional("channels", Shape::Kinds(&channels::CHANNELS), "The ways to people."),
        optional(
            "contacts",
            Shape::Sections { of: &channels::CONTACT, max: channels::CONTACTS_MAX },
            "How people are called there.",
        ),
        optional("access", Shape::Section(&access::ACCESS), "Who may do what."),
        optional(
            "roles",
            Shape::Named { of: &roles::ROLE, max: roles::ROLES_MAX },
            "Roles beside the default ones, or instead of those of the same name.",
        ),
        optional(
            "procedures",
            Shape::Section(&procedures::PROCEDURES),
            "Documents, approvals, rules and notices; without it nothing is governed by a procedure.",
        ),
        optional("sod", Shape::Section(&sod::SOD), "Segregation of duties."),
    ],
};

/// The part of a configuration that says who may do what, by itself.
static POLICIES: Section = Section {
    doc: "Who may do what, without a gateway: to be tried before it is put in force.",
    unknown: UNKNOWN_KEY,
    keys: &[
        optional("access", Shape::Section(&access::ACCESS), "Who may do what."),
        optional(
            "roles",
            Shape::Named { of: &roles::ROLE, max: roles::ROLES_MAX },
            "Roles beside the template's, or instead of those of the same name.",
        ),
    ],
};

/// What came of a file that says who may do what and nothing else.
#[derive(Debug, Clone)]
pub struct CheckedPolicies {
    /// The template's roles with the file's own on top, and the policies beside them, where no mistake
    /// is an error.
    pub policies: Option<(RoleMatrix, AccessSection)>,
    /// All mistakes, in the file's order.
    pub mistakes: Vec<Mistake>,
    /// The file's text, for `render`.
    pub source: String,
}

/// Checks the bytes of a file that holds `[access]` and `[roles.NAME]` alone; limits may name any
/// warehouse and station.
#[must_use]
pub fn parse_policies(path: &Path, bytes: &[u8], env: &dyn Environment) -> CheckedPolicies {
    let text = text_of(bytes);
    let mut walk = Walk::new(path, text, env);
    let policies = whole(&mut walk, bytes, text).and_then(|()| {
        let root = table_of(&mut walk, &POLICIES, text)?;
        roles::check_limits(&mut walk, &root);
        let cedar = access::read(&mut walk, &root);
        let access = AccessSection::build(root.table("access")?, cedar)?;
        Some((roles::build(&access.template, root.named("roles"))?, access))
    });
    let mistakes = walk.finish();
    let good = mistakes.iter().all(|mistake| mistake.severity == Severity::Warning);
    CheckedPolicies { policies: policies.filter(|_| good), mistakes, source: text.to_owned() }
}

/// Reads a configuration file. Fails with all of its mistakes at once (warnings among them); a file
/// with warnings only is good, and `check` tells them.
pub fn load(path: &Path, env: &dyn Environment) -> Result<Config, Vec<Mistake>> {
    let Checked { config, mistakes, .. } = check(path, env);
    config.ok_or(mistakes)
}

/// Reads a configuration file and tells everything about it.
#[must_use]
pub fn check(path: &Path, env: &dyn Environment) -> Checked {
    match env.read(path) {
        Ok(bytes) => parse(path, &bytes, env),
        Err(error) => {
            let mut walk = Walk::new(path, "", env);
            let message = format!("failed to read {:?}: {error}", path.display().to_string());
            let at = Span::default();
            walk.error(at, "unreadable", message, "a file that the gateway's user may read", None);
            let (source, sources) = (String::new(), vec![]);
            Checked { config: None, mistakes: walk.finish(), source, sources }
        }
    }
}

/// Checks the bytes of a configuration file; `path` is what mistakes call it and where relative
/// paths start.
#[must_use]
pub fn parse(path: &Path, bytes: &[u8], env: &dyn Environment) -> Checked {
    let text = text_of(bytes);
    let mut walk = Walk::new(path, text, env);
    let mut others = None;
    let config = whole(&mut walk, bytes, text).and_then(|()| {
        let root = tree(&mut walk, text)?;
        cross::check(&mut walk, &root);
        let cedar = access::read(&mut walk, &root);
        let (procedures, found) = procedures::read(&mut walk, &root, &names_of(&root));
        others = Some(found);
        build(&root, (cedar, procedures), &walk, Hash::of(bytes))
    });
    let mut mistakes = walk.finish();
    let others = others.unwrap_or_default();
    mistakes.extend(others.mistakes);
    let good = mistakes.iter().all(|mistake| mistake.severity == Severity::Warning);
    let mut sources = others.sources;
    sources.push((path.to_owned(), text.to_owned()));
    Checked { config: config.filter(|_| good), mistakes, source: text.to_owned(), sources }
}

/// What the file has that definitions of procedures name.
fn names_of(root: &Fields) -> procedures::Names {
    let access = root.table("access");
    let template = access.and_then(|access| access.owned("template"));
    let named = root.named("roles");
    let matrix = template.as_deref().and_then(|template| roles::build(template, named));
    // A role with mistakes is one all the same.
    let of_template = template.as_deref().and_then(roles::role_template);
    let roles = of_template.map(|template| {
        let own = named.iter().map(|(name, _)| name.value.clone());
        template.0.into_keys().chain(own).collect()
    });
    let policies = access.is_some_and(|access| access.texts("cedar").next().is_some());
    let channels = root.tables("channels").iter().filter_map(|channel| channel.owned("name"));
    procedures::Names { roles, matrix, policies, channels: channels.collect() }
}

/// The text as far as it is UTF-8, and none of a file that is too large.
pub(crate) fn text_of(bytes: &[u8]) -> &str {
    if bytes.len() > CONFIG_BYTES_MAX {
        return "";
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or(""),
    }
}

pub(crate) fn whole(walk: &mut Walk<'_>, bytes: &[u8], text: &str) -> Option<()> {
    if bytes.len() > CONFIG_BYTES_MAX {
        let message = "the file is too large";
        let expected = format!("at most {CONFIG_BYTES_MAX} bytes");
        walk.error(Span::default(), "too-large", message, expected, None);
        return None;
    }
    if text.len() < bytes.len() {
        let at = Span { start: text.len(), end: text.len() };
        let hint = Some("save the file as UTF-8".to_owned());
        walk.error(at, "not-utf8", "a byte that is not UTF-8", "UTF-8 text", hint);
        return None;
    }
    Some(())
}

/// The checked values of the file. After a mistake in the syntax nothing else is looked at: what
/// was recovered would only give further mistakes that are none.
fn tree(walk: &mut Walk<'_>, text: &str) -> Option<Fields> {
    table_of(walk, &ROOT, text)
}

pub(crate) fn table_of(walk: &mut Walk<'_>, section: &Section, text: &str) -> Option<Fields> {
    let (document, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        // A key that is missing at the top is missing from the first line.
        return Some(walk.section(section, document.get_ref(), Span::default()));
    }
    for error in errors {
        let at = error.span().map_or(Span::default(), |s| Span { start: s.start, end: s.end });
        let (message, expected) = match error.message().split_once(", expected ") {
            Some((message, expected)) => (message.to_owned(), expected.to_owned()),
            None => (error.message().to_owned(), "TOML".to_owned()),
        };
        walk.error(at, "syntax", message, expected, None);
    }
    debug_assert!(span(&document).end <= text.len());
    None
}

fn build(
    root: &Fields,
    (cedar, procedures): (Vec<CedarFile>, ProceduresSection),
    walk: &Walk<'_>,
    hash: Hash,
) -> Option<Config> {
    let base = walk.base;
    let gateway = Gateway::build(root.table("gateway")?, base, walk.env)?;
    let state_dir = &gateway.state_dir;
    let valuation = ValuationSection::build(root.table("valuation")?)?;
    let access = AccessSection::build(root.table("access")?, cedar)?;
    Some(Config {
        hash,
        ledger: LedgerSection::build(root.table("ledger")?, base, state_dir)?,
        spool: SpoolSection::build(root.table("spool")?, base, state_dir)?,
        operators: OperatorsSection::build(root.table("operators")?)?,
        items: all(root.tables("items"), |item| items::build(item, &valuation))?,
        accounts: all(root.tables("accounts"), AccountSection::build)?,
        locations: all(root.tables("locations"), LocationSection::build)?,
        reservations: ReservationsSection::build(root.table("reservations")?)?,
        valuation,
        witnesses: WitnessesSection::build(root.table("witnesses")?)?,
        stations: all(root.tables("stations"), Station::build)?,
        devices: all(root.tables("devices"), |fields| {
            Device::build(fields).map(|d| d.based(base))
        })?,
        adapters: all(root.tables("adapters"), AdapterSection::build)?,
        channels: all(root.tables("channels"), |fields| ChannelSection::build(fields, base))?,
        contacts: all(root.tables("contacts"), ContactSection::build)?,
        roles: roles::build(&access.template, root.named("roles"))?,
        procedures,
        sod: sod::build(root.table("sod")?)?,
        access,
        gateway,
    })
}

fn all<T>(tables: &[Fields], build: impl Fn(&Fields) -> Option<T>) -> Option<Vec<T>> {
    tables.iter().map(build).collect()
}
