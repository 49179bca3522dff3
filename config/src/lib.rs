//! TOML to a typed configuration, with every mistake named by line, column, expectation and hint.
//!
//! A file is parsed once and walked along the shape that each section declares beside its types;
//! the walk records every mistake and goes on, so one run tells all of them. The same shape gives
//! the JSON Schema that editors complete with. Invariants: a `Config` exists only where no mistake
//! is an error; secrets never stand in the TOML and no message repeats one; every text, list, file
//! and report is bounded. Absent on purpose: opening what the configuration names (the daemon), and
//! changing anything.

pub mod access;
pub mod adapters;
mod cross;
mod delivered;
pub mod devices;
mod fields;
pub mod gateway;
pub mod items;
mod levels;
mod load;
pub mod locations;
mod mistake;
mod nearest;
pub mod operators;
pub mod procedures;
mod report;
pub mod roles;
mod schema;
mod secret;
mod secrets;
mod shape;
pub mod sod;
pub mod stations;
mod templates;
mod text;
pub mod tls;
pub mod valuation;
mod walk;
pub mod witnesses;
mod words;

pub use access::{AccessSection, CedarFile};
pub use adapters::{AdapterKind, AdapterSection};
pub use delivered::{Delivered, Scalar};
pub use devices::{
    Device, DeviceKind, HidScanner, ImpinjIot, IoModule, LabelPrinter, LightStack, LineProtocol,
    LineScanner, Llrp, LlrpEdge, LlrpFilter, LlrpTrust, PrinterWire, UhfReader, WedgeLayout,
    WedgeScanner, WedgeTerminator, WedgeWhich, ZebraIot,
};
pub use gateway::{Gateway, LedgerSection, SpoolSection};
pub use load::{Checked, CheckedPolicies, Config, check, load, parse, parse_policies};
pub use locations::{LocationKind, LocationSection};
pub use mistake::{MISTAKES_MAX, Mistake, Severity, render, render_files};
pub use operators::{Lockout, OperatorsSection, OperatorsSource};
pub use procedures::{
    ProceduresSection,
    channels::{ChannelKind, ChannelSection, ContactSection, Language, MailChannel, MailTls},
    documents::{CheckedKinds, check_workflows, parse_kinds, shipped_kinds, shipped_kinds_text},
    notices::{
        CheckedNotices, NoticeNames, parse_notices, shipped_notices, shipped_notices_text,
        shipped_templates,
    },
    rules::{CheckedRules, parse_rules, shipped_rules, shipped_rules_text},
    workflows::{CheckedWorkflows, parse_workflows, shipped_workflows, shipped_workflows_text},
};
pub use roles::{default_roles, role_template, role_templates};
pub use schema::{documents_schema, schema};
pub use secret::{
    CONFIG_BYTES_MAX, Environment, People, SECRET_BYTES_MAX, Secret, SystemEnvironment,
};
pub use sod::default_sod;
pub use stations::{PassSection, PortalInput, PortalSection, Station};
pub use templates::{TEMPLATE_FOLDER, TEMPLATE_GATEWAY, Template, template, templates};
pub use tls::{TlsClients, TlsSection};
pub use valuation::{AccountSection, AccountsFor, ReservationsSection, ValuationSection};
pub use witnesses::{WitnessSection, WitnessesSection};
