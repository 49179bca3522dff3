//! Whole configurations to begin with: one for a factory that makes to order, one that makes to stock.
//!
//! Invariants: each passes `check` as it is, without a warning (a test asks); in each, the folder it is to lie
//! in is written as [`TEMPLATE_FOLDER`] wherever an absolute path is needed, and nowhere else. Absent: writing
//! them (the daemon's command line does).

/// The folder that the templates name; whoever writes one puts the real one in its place.
pub const TEMPLATE_FOLDER: &str = "/srv/gatewarden";

/// The gateway's name in the templates.
pub const TEMPLATE_GATEWAY: &str = "gw-plant-1";

/// A configuration to begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Template {
    /// Its name, also that of the roles which it chooses.
    pub name: &'static str,
    /// What it is for, in a line.
    pub about: &'static str,
    /// Its files: path from the folder, and text. `gateway.toml` is the first.
    pub files: &'static [(&'static str, &'static str)],
}

macro_rules! files {
    ($folder:literal: $($path:literal),+ $(,)?) => {
        &[$(($path, include_str!(concat!("../templates/", $folder, "/", $path)))),+]
    };
}

static TEMPLATES: [Template; 2] = [
    Template {
        name: "make-to-order",
        about: "nothing is made before a customer has ordered it: serials, first in first out, subcontracting",
        files: files!(
            "make-to-order": "gateway.toml", "notices.toml", "simulators.toml", "order.json", "labels/item.zpl"
        ),
    },
    Template {
        name: "make-to-stock",
        about: "what sells steadily is made ahead: batches, safety stock, moving averages",
        files: files!(
            "make-to-stock": "gateway.toml", "notices.toml", "simulators.toml", "order.json", "labels/item.zpl"
        ),
    },
];

/// All templates.
pub fn templates() -> impl Iterator<Item = &'static Template> {
    TEMPLATES.iter()
}

/// The template of this name.
#[must_use]
pub fn template(name: &str) -> Option<&'static Template> {
    templates().find(|template| template.name == name)
}

impl Template {
    /// Its files for a folder and a gateway: path from the folder, and text.
    pub fn written<'a>(
        &'a self,
        folder: &'a str,
        gateway: &'a str,
    ) -> impl Iterator<Item = (&'static str, String)> + 'a {
        let named = |name: &str| format!("\nname = \"{name}\"\n");
        let text = move |text: &str| {
            let text = text.replace(TEMPLATE_FOLDER, folder);
            text.replacen(&named(TEMPLATE_GATEWAY), &named(gateway), 1)
        };
        self.files.iter().map(move |(path, content)| (*path, text(content)))
    }
}
